-- Signals: what is kept beside records of the activities logged for them, and for whom those were done.

ALTER TABLE activities ADD COLUMN on_behalf_of TEXT;

-- The company of an activity's contact, where company_id is not the same.
ALTER TABLE activities ADD COLUMN contact_company_id BIGINT REFERENCES companies (key);
UPDATE activities SET contact_company_id = (SELECT c.company_id FROM contacts c
  WHERE c.key = activities.contact_id AND (activities.company_id IS NULL OR activities.company_id <> c.company_id));
CREATE INDEX activities_contact_company ON activities (contact_company_id, occurred_at) WHERE contact_company_id IS NOT NULL;

-- How many activities name a label; 1 for labels that a client gave.
ALTER TABLE tags ADD COLUMN n BIGINT NOT NULL DEFAULT 1;

ALTER TABLE contacts ADD COLUMN activities BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN last_activity BIGINT;
ALTER TABLE contacts ADD COLUMN outreach BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN last_outreach BIGINT;
ALTER TABLE contacts ADD COLUMN on_behalf_of TEXT;
UPDATE contacts SET
  activities = (SELECT COUNT(*) FROM activities a WHERE a.contact_id = contacts.key),
  last_activity = (SELECT MAX(a.occurred_at) FROM activities a WHERE a.contact_id = contacts.key),
  outreach = (SELECT COUNT(*) FROM activities a WHERE a.contact_id = contacts.key AND a.kind IN ('call', 'email', 'meeting')),
  last_outreach = (SELECT MAX(a.occurred_at) FROM activities a WHERE a.contact_id = contacts.key AND a.kind IN ('call', 'email', 'meeting'))
  WHERE key IN (SELECT contact_id FROM activities);

ALTER TABLE companies ADD COLUMN activities BIGINT NOT NULL DEFAULT 0;
ALTER TABLE companies ADD COLUMN last_activity BIGINT;
ALTER TABLE companies ADD COLUMN outreach BIGINT NOT NULL DEFAULT 0;
ALTER TABLE companies ADD COLUMN last_outreach BIGINT;
ALTER TABLE companies ADD COLUMN on_behalf_of TEXT;
UPDATE companies SET
  activities = (SELECT COUNT(*) FROM activities a WHERE a.company_id = companies.key OR a.contact_company_id = companies.key),
  last_activity = (SELECT MAX(a.occurred_at) FROM activities a WHERE a.company_id = companies.key OR a.contact_company_id = companies.key),
  outreach = (SELECT COUNT(*) FROM activities a WHERE (a.company_id = companies.key OR a.contact_company_id = companies.key) AND a.kind IN ('call', 'email', 'meeting')),
  last_outreach = (SELECT MAX(a.occurred_at) FROM activities a WHERE (a.company_id = companies.key OR a.contact_company_id = companies.key) AND a.kind IN ('call', 'email', 'meeting'))
  WHERE key IN (SELECT company_id FROM activities UNION SELECT contact_company_id FROM activities);

ALTER TABLE deals ADD COLUMN activities BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deals ADD COLUMN last_activity BIGINT;
ALTER TABLE deals ADD COLUMN on_behalf_of TEXT;
UPDATE deals SET
  activities = (SELECT COUNT(*) FROM activities a WHERE a.deal_id = deals.key),
  last_activity = (SELECT MAX(a.occurred_at) FROM activities a WHERE a.deal_id = deals.key)
  WHERE key IN (SELECT deal_id FROM activities);
