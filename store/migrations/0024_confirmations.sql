-- A confirmation is for any request: what it does, the digest of its body, and what was decided when its token was made.
-- Once done it has the answer, which the same request gets again. Tokens of deletes that wait at the upgrade end with it.

DROP TABLE confirmations;
CREATE TABLE confirmations (
  hash TEXT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  request TEXT NOT NULL,
  body TEXT NOT NULL,
  decided TEXT NOT NULL,
  answer TEXT,
  expires_at BIGINT NOT NULL
) STRICT;
CREATE INDEX confirmations_expires ON confirmations (expires_at);
