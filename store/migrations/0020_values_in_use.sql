-- Of each value of a field that has few, and of each label, how many records hold it. A row is deleted when none does.
-- A later field of that sort is filled in here too by the migration that adds it.

CREATE TABLE values_in_use (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, field, value)
) STRICT, CLUSTERED;

INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'contact', 'stage', stage, COUNT(*) FROM contacts WHERE workspace_id > 0 AND stage IS NOT NULL GROUP BY workspace_id, stage;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'contact', 'owner', owner, COUNT(*) FROM contacts WHERE workspace_id > 0 AND owner IS NOT NULL GROUP BY workspace_id, owner;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'company', 'owner', owner, COUNT(*) FROM companies WHERE workspace_id > 0 AND owner IS NOT NULL GROUP BY workspace_id, owner;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'deal', 'currency', currency, COUNT(*) FROM deals WHERE workspace_id > 0 AND currency IS NOT NULL GROUP BY workspace_id, currency;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'deal', 'stage', stage, COUNT(*) FROM deals WHERE workspace_id > 0 AND stage IS NOT NULL GROUP BY workspace_id, stage;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'deal', 'status', status, COUNT(*) FROM deals WHERE workspace_id > 0 AND status IS NOT NULL GROUP BY workspace_id, status;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'deal', 'owner', owner, COUNT(*) FROM deals WHERE workspace_id > 0 AND owner IS NOT NULL GROUP BY workspace_id, owner;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'ticket', 'status', status, COUNT(*) FROM tickets WHERE workspace_id > 0 AND status IS NOT NULL GROUP BY workspace_id, status;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'ticket', 'priority', priority, COUNT(*) FROM tickets WHERE workspace_id > 0 AND priority IS NOT NULL GROUP BY workspace_id, priority;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'ticket', 'assignee', assignee, COUNT(*) FROM tickets WHERE workspace_id > 0 AND assignee IS NOT NULL GROUP BY workspace_id, assignee;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'task', 'assignee', assignee, COUNT(*) FROM tasks WHERE workspace_id > 0 AND assignee IS NOT NULL GROUP BY workspace_id, assignee;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'task', 'priority', priority, COUNT(*) FROM tasks WHERE workspace_id > 0 AND priority IS NOT NULL GROUP BY workspace_id, priority;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'campaign', 'status', status, COUNT(*) FROM campaigns WHERE workspace_id > 0 AND status IS NOT NULL GROUP BY workspace_id, status;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'activity', 'kind', kind, COUNT(*) FROM activities WHERE workspace_id > 0 AND kind IS NOT NULL GROUP BY workspace_id, kind;
INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT workspace_id, 'activity', 'on_behalf_of', on_behalf_of, COUNT(*) FROM activities WHERE workspace_id > 0 AND on_behalf_of IS NOT NULL GROUP BY workspace_id, on_behalf_of;

INSERT INTO values_in_use (workspace_id, kind, field, value, n)
  SELECT n.workspace_id, CASE WHEN n.kind LIKE '%.on_behalf_of' THEN SUBSTR(n.kind, 1, LENGTH(n.kind) - 13) ELSE n.kind END,
    CASE WHEN n.kind LIKE '%.on_behalf_of' THEN 'on_behalf_of' ELSE 'tags' END, n.name, COUNT(*)
  FROM names n JOIN tags g ON g.name_id = n.key GROUP BY n.key, n.workspace_id, n.kind, n.name;

CREATE INDEX values_in_use_n ON values_in_use (workspace_id, kind, field, n DESC, value);
