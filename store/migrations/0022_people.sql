-- What other products know of people and deals: titles, addresses, further e-mail addresses, numbers and domains, ids in
-- other products, close dates. list_values has a row for each item of such a list, in the form in which it is compared.
-- Deals that were won or lost before have no closed_at, because the time is not known.

CREATE TABLE list_values (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  record BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, value, record)
) STRICT, CLUSTERED;

ALTER TABLE contacts ADD COLUMN title TEXT;
ALTER TABLE contacts ADD COLUMN title_fold TEXT;
ALTER TABLE contacts ADD COLUMN address TEXT;
ALTER TABLE contacts ADD COLUMN other_emails TEXT;
ALTER TABLE contacts ADD COLUMN other_phones TEXT;
ALTER TABLE contacts ADD COLUMN other_phones_fold TEXT;
ALTER TABLE contacts ADD COLUMN external_ids TEXT;

ALTER TABLE companies ADD COLUMN address TEXT;
ALTER TABLE companies ADD COLUMN other_domains TEXT;
ALTER TABLE companies ADD COLUMN external_ids TEXT;

ALTER TABLE deals ADD COLUMN close_at BIGINT;
ALTER TABLE deals ADD COLUMN closed_at BIGINT;
ALTER TABLE deals ADD COLUMN lost_reason TEXT;
ALTER TABLE deals ADD COLUMN lost_reason_fold TEXT;
ALTER TABLE deals ADD COLUMN external_ids TEXT;
CREATE INDEX deals_close ON deals (workspace_id, close_at) WHERE close_at IS NOT NULL;
CREATE INDEX deals_closed ON deals (workspace_id, closed_at) WHERE closed_at IS NOT NULL;

ALTER TABLE tickets ADD COLUMN external_ids TEXT;
ALTER TABLE tasks ADD COLUMN external_ids TEXT;
ALTER TABLE campaigns ADD COLUMN external_ids TEXT;
ALTER TABLE campaign_members ADD COLUMN external_ids TEXT;
ALTER TABLE activities ADD COLUMN external_ids TEXT;
