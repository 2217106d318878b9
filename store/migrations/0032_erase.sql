-- Servers of schema 31 can go on.
-- Indexes by which a purge finds what a record has left.

-- By the record: which ids of imports became it.
CREATE INDEX imported_record ON imported (workspace_id, record);

-- The entries of deletes that still have the values of their record, the oldest first: the trash. An entry leaves it when it is erased.
CREATE INDEX log_trash ON log (at, key) WHERE action = 'delete' AND before IS NOT NULL;
