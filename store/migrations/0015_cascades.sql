-- What remains to be done after a change that concerns many rows: it is done in steps, also by the next start.

-- record is the key of a record of a kind, or the number of a workspace. gone is 1 where it was deleted, and a record then stands in its table with the
-- workspace negated until nothing refers to it; 0 where records are to follow what it refers to, behind those at at and after. The rest says who did it.
CREATE TABLE cascades (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  record BIGINT NOT NULL,
  gone BIGINT NOT NULL,
  at BIGINT NOT NULL,
  after BIGINT NOT NULL,
  actor TEXT,
  token_id TEXT,
  addr TEXT,
  PRIMARY KEY (workspace_id, kind, record)
) STRICT;

-- The latest call, email or meeting of a record is the end of an index.
CREATE INDEX activities_contact_outreach ON activities (contact_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
CREATE INDEX activities_company_outreach ON activities (company_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
CREATE INDEX activities_contact_company_outreach ON activities (contact_company_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
