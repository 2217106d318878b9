-- Runs, bookmarks, and indexes by which the log is read by group and by run.

DROP VIEW changes;

-- A run is a name under which a user makes changes. It is named by the number of its first entry in the log of its workspace. A name
-- that was not used for a day begins another run.
CREATE TABLE runs (
  workspace_id BIGINT NOT NULL,
  first BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, first)
) STRICT;
CREATE INDEX runs_name ON runs (workspace_id, name, user_id, first);

-- The run of an entry, NULL if it has none. Most entries have none and are a group by themselves, so these indexes are small. They end
-- with the key, so that a page of a group with a million entries is read in order and not sorted.
ALTER TABLE log ADD COLUMN run BIGINT;
CREATE INDEX log_group ON log (workspace_id, change_group, key) WHERE change_group IS NOT NULL;
CREATE INDEX log_run ON log (workspace_id, run, key) WHERE run IS NOT NULL;

-- Origins were to name runs; no entry has used that.
DROP INDEX origins_parts;
ALTER TABLE origins DROP COLUMN run;
CREATE INDEX origins_parts ON origins (workspace_id, token_id, actor, addr);

-- Up to which entry of the log a token has seen the changes, under a name.
CREATE TABLE bookmarks (
  workspace_id BIGINT NOT NULL,
  token_key BIGINT NOT NULL REFERENCES tokens (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  number BIGINT NOT NULL,
  moved_at BIGINT NOT NULL,
  PRIMARY KEY (token_key, workspace_id, name)
) STRICT;
CREATE INDEX bookmarks_workspace ON bookmarks (workspace_id);

CREATE VIEW changes AS
  SELECT l.key, l.id, l.workspace_id, l.at, o.actor, o.actor_fold, o.token_id, o.addr, o.addr_fold, l.action, l.target, l.target_fold,
    l.before, l.after, l.change_group, l.run
  FROM log l LEFT JOIN origins o ON o.key = l.origin;
