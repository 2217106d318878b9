-- What several servers of one database share: the code that the page of a sign-in shows where no mail is sent, which
-- confirmations run, and the files of dry runs that wait for their confirmation. The tables are empty on SQLite.
-- Servers of schema 27 can go on.

ALTER TABLE oauth_requests ADD COLUMN shown TEXT NOT NULL DEFAULT '';
ALTER TABLE confirmations ADD COLUMN runs BIGINT NOT NULL DEFAULT 0;
ALTER TABLE confirmations ADD COLUMN runs_until BIGINT NOT NULL DEFAULT 0;

-- hash is that of the token. bytes is what the storage of the workspace has of the file: its size, or 0 while a small file is
-- imported. Files that were kept later have a higher number.
CREATE TABLE kept_files (
  workspace_id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  size BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, hash)
) STRICT, CLUSTERED;
CREATE INDEX kept_files_user ON kept_files (user_id);
CREATE INDEX kept_files_expires ON kept_files (expires_at);

-- A file in parts, in base64.
CREATE TABLE kept_parts (
  workspace_id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  part BIGINT NOT NULL,
  content TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, hash, part)
) STRICT, CLUSTERED;
CREATE INDEX kept_parts_expires ON kept_parts (expires_at);
