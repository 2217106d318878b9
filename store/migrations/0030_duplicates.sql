-- The keys that records have in common which may be of one person or company, with a sketch of the name (package alike). They
-- are computed after this step, in Go.

CREATE TABLE duplicate_keys (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  hash BIGINT NOT NULL,
  record BIGINT NOT NULL,
  sketch BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, hash, record)
) STRICT, CLUSTERED;

-- Pairs of records that somebody said are not duplicates. Each pair has two rows, one for each record.
CREATE TABLE dismissed_pairs (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  record BIGINT NOT NULL,
  other BIGINT NOT NULL,
  dismissed_at BIGINT NOT NULL,
  dismissed_by TEXT,
  PRIMARY KEY (workspace_id, kind, record, other)
) STRICT, CLUSTERED;
