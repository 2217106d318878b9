-- Every text in which a search or like: finds a part has its folded form in a column, NULL where it would repeat the text;
-- the items of a list are separated by tabs. The values of the new columns are computed after this step, in Go.

ALTER TABLE contacts ADD COLUMN email_fold TEXT;
ALTER TABLE contacts ADD COLUMN other_emails_fold TEXT;
ALTER TABLE contacts ADD COLUMN external_ids_fold TEXT;
ALTER TABLE contacts ADD COLUMN created_by_fold TEXT;
ALTER TABLE contacts ADD COLUMN updated_by_fold TEXT;
ALTER TABLE companies ADD COLUMN domain_fold TEXT;
ALTER TABLE companies ADD COLUMN other_domains_fold TEXT;
ALTER TABLE companies ADD COLUMN external_ids_fold TEXT;
ALTER TABLE companies ADD COLUMN created_by_fold TEXT;
ALTER TABLE companies ADD COLUMN updated_by_fold TEXT;
ALTER TABLE deals ADD COLUMN external_ids_fold TEXT;
ALTER TABLE deals ADD COLUMN created_by_fold TEXT;
ALTER TABLE deals ADD COLUMN updated_by_fold TEXT;
ALTER TABLE tickets ADD COLUMN external_ids_fold TEXT;
ALTER TABLE tickets ADD COLUMN created_by_fold TEXT;
ALTER TABLE tickets ADD COLUMN updated_by_fold TEXT;
ALTER TABLE tasks ADD COLUMN external_ids_fold TEXT;
ALTER TABLE tasks ADD COLUMN created_by_fold TEXT;
ALTER TABLE tasks ADD COLUMN updated_by_fold TEXT;
ALTER TABLE campaigns ADD COLUMN external_ids_fold TEXT;
ALTER TABLE campaigns ADD COLUMN created_by_fold TEXT;
ALTER TABLE campaigns ADD COLUMN updated_by_fold TEXT;
ALTER TABLE campaign_members ADD COLUMN external_ids_fold TEXT;
ALTER TABLE campaign_members ADD COLUMN created_by_fold TEXT;
ALTER TABLE campaign_members ADD COLUMN updated_by_fold TEXT;
ALTER TABLE activities ADD COLUMN on_behalf_of_fold TEXT;
ALTER TABLE activities ADD COLUMN external_ids_fold TEXT;
ALTER TABLE activities ADD COLUMN created_by_fold TEXT;
ALTER TABLE activities ADD COLUMN updated_by_fold TEXT;

ALTER TABLE members ADD COLUMN email_fold TEXT;
ALTER TABLE members ADD COLUMN invited_by_fold TEXT;
DROP VIEW invites;
CREATE VIEW invites AS
  SELECT key, id, workspace_id, email, email_fold, role, status, invited_by, invited_by_fold, created_at FROM members WHERE user_id IS NULL;

ALTER TABLE workspaces ADD COLUMN time_zone_fold TEXT;
ALTER TABLE workspaces ADD COLUMN country_fold TEXT;
DROP VIEW memberships;
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, m.role AS role,
    w.time_zone AS time_zone, w.time_zone_fold AS time_zone_fold, w.country AS country, w.country_fold AS country_fold,
    w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;

ALTER TABLE origins ADD COLUMN actor_fold TEXT;
ALTER TABLE origins ADD COLUMN addr_fold TEXT;
ALTER TABLE log ADD COLUMN target_fold TEXT;
DROP VIEW changes;
CREATE VIEW changes AS
  SELECT l.key, l.id, l.workspace_id, l.at, o.actor, o.actor_fold, o.token_id, o.addr, o.addr_fold, l.action, l.target, l.target_fold,
    l.before, l.after
  FROM log l LEFT JOIN origins o ON o.key = l.origin;
