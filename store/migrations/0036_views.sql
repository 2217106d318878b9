-- Views: lists that have a name.

CREATE TABLE views (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  kind TEXT NOT NULL,
  query TEXT NOT NULL,
  query_fold TEXT NOT NULL,
  doc TEXT,
  doc_fold TEXT,
  doc_plain TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX views_name ON views (workspace_id, name);
