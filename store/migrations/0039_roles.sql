-- The people of deals, with their roles.

CREATE TABLE deal_contacts (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  deal_id BIGINT NOT NULL REFERENCES deals (key),
  contact_id BIGINT NOT NULL REFERENCES contacts (key),
  role TEXT,
  role_fold TEXT,
  role_plain TEXT,
  external_ids TEXT,
  external_ids_fold TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE INDEX deal_contacts_created ON deal_contacts (workspace_id, created_at);
CREATE INDEX deal_contacts_deal ON deal_contacts (deal_id, created_at);
CREATE UNIQUE INDEX deal_contacts_contact ON deal_contacts (contact_id, deal_id);

ALTER TABLE deals ADD COLUMN contacts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN deals BIGINT NOT NULL DEFAULT 0;

-- The main contacts of deals become people of them after this step, some at a time: each is a change in the log, in the name of the one who made the deal.
INSERT INTO cascades (workspace_id, kind, record, gone, at, after, change_group)
  SELECT DISTINCT workspace_id, 'ties of deal', 0, 0, 0, 0, 0 FROM deals WHERE workspace_id > 0 AND contact_id IS NOT NULL;
