-- Indexes that lead to the records with one value, in the order of keys, and whether that is the order in which records were made.

CREATE INDEX contacts_stage ON contacts (workspace_id, stage);
CREATE INDEX contacts_owner ON contacts (workspace_id, owner);
CREATE INDEX companies_owner ON companies (workspace_id, owner);
CREATE INDEX deals_stage ON deals (workspace_id, stage);
CREATE INDEX deals_status ON deals (workspace_id, status);
CREATE INDEX deals_owner ON deals (workspace_id, owner);
CREATE INDEX tickets_status ON tickets (workspace_id, status);
CREATE INDEX tickets_assignee ON tickets (workspace_id, assignee);
CREATE INDEX tasks_assignee ON tasks (workspace_id, assignee);
CREATE INDEX custom_values_text ON custom_values (workspace_id, kind, name, text, record) WHERE number IS NULL AND LENGTH(text) <= 200;
CREATE INDEX custom_values_number ON custom_values (workspace_id, kind, name, number, record) WHERE number IS NOT NULL;

-- latest is when the last record was made, or one before it if that was later; astray how many were made at an earlier time than one before them.
ALTER TABLE usage ADD COLUMN latest BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage ADD COLUMN astray BIGINT NOT NULL DEFAULT 0;
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM contacts t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM contacts t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'contacts';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM companies t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM companies t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'companies';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM deals t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM deals t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'deals';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM tickets t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM tickets t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'tickets';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM tasks t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM tasks t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'tasks';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM campaigns t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM campaigns t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'campaigns';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM campaign_members t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM campaign_members t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'campaign_members';
UPDATE usage SET
  latest = (SELECT COALESCE(MAX(created_at), 0) FROM activities t WHERE t.workspace_id = usage.workspace_id),
  astray = (SELECT COUNT(*) FROM (SELECT created_at, MAX(created_at) OVER (ORDER BY key) AS latest FROM activities t WHERE t.workspace_id = usage.workspace_id) x WHERE created_at < x.latest)
  WHERE kind = 'activities';
