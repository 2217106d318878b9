-- Deletes, by which the trash is read, and how far the restore of a record with many dependents has come.

-- A list of deleted records is of one kind, the last deleted first. The first three characters of a handle tell most kinds apart; the
-- list compares the whole kind, too. The index has only deletes whose values were not erased.
CREATE INDEX log_deletes ON log (workspace_id, SUBSTR(target, 1, 3), key) WHERE action = 'delete' AND before IS NOT NULL;

ALTER TABLE cascades ADD COLUMN place TEXT;
