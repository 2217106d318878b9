-- Pipelines: the stages through which deals or contacts go.

CREATE TABLE pipelines (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  kind TEXT NOT NULL,
  is_default TEXT NOT NULL,
  stages TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX pipelines_name ON pipelines (workspace_id, name);
