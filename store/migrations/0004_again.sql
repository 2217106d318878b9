-- Doing it again: the answers that clients may ask for twice, and where imported records went.

-- The answer to a request with an Idempotency-Key. hash is of the key, request of what was asked; text and json are the two spellings.
CREATE TABLE kept_answers (
  workspace_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  hash TEXT NOT NULL,
  request TEXT NOT NULL,
  status BIGINT NOT NULL,
  version BIGINT NOT NULL,
  text TEXT NOT NULL,
  json TEXT NOT NULL,
  kept_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, user_id, hash)
) STRICT;
CREATE INDEX kept_answers_at ON kept_answers (kept_at);

-- Which record an imported one became. source says whose ids these are.
CREATE TABLE imported (
  workspace_id BIGINT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  record BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, source, kind, id)
) STRICT;
