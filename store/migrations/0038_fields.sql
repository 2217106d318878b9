-- Fields that a workspace declares: keys of custom with a type.

CREATE TABLE fields (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  type TEXT NOT NULL,
  options TEXT,
  required TEXT NOT NULL,
  is_unique TEXT NOT NULL,
  ref TEXT,
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
CREATE UNIQUE INDEX fields_name ON fields (workspace_id, kind, name);
