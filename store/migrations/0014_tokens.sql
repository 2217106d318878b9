-- Tokens that end with another, and codes that only this file's key can check.

-- made_by is the token of a connection by which this one was made, or one that such a token made: it ends with that.
ALTER TABLE tokens ADD COLUMN made_by BIGINT REFERENCES tokens (key) ON DELETE CASCADE;
CREATE INDEX tokens_made_by ON tokens (made_by) WHERE made_by IS NOT NULL;

-- Codes of before were plain hashes. They live ten minutes and are asked for again.
DELETE FROM codes;
