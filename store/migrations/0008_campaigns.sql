-- Campaigns, and which contacts and companies are in them.

CREATE TABLE campaigns (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  description TEXT,
  description_fold TEXT,
  status TEXT NOT NULL,
  custom TEXT,
  contacts BIGINT NOT NULL DEFAULT 0,
  companies BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;
CREATE INDEX campaigns_created ON campaigns (workspace_id, created_at);

CREATE TABLE campaign_members (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  campaign_id BIGINT NOT NULL REFERENCES campaigns (key),
  contact_id BIGINT REFERENCES contacts (key),
  company_id BIGINT REFERENCES companies (key),
  reason TEXT,
  reason_fold TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;
CREATE INDEX campaign_members_created ON campaign_members (workspace_id, created_at);
CREATE INDEX campaign_members_campaign ON campaign_members (campaign_id, created_at);
CREATE UNIQUE INDEX campaign_members_contact ON campaign_members (contact_id, campaign_id) WHERE contact_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_members_company ON campaign_members (company_id, campaign_id) WHERE company_id IS NOT NULL;
