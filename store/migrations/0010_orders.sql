-- The orders in which lists are asked for most, each with an index.

CREATE INDEX contacts_updated ON contacts (workspace_id, updated_at);
CREATE INDEX contacts_name ON contacts (workspace_id, name_fold);
CREATE INDEX companies_updated ON companies (workspace_id, updated_at);
CREATE INDEX companies_name ON companies (workspace_id, name_fold);
CREATE INDEX deals_updated ON deals (workspace_id, updated_at);
CREATE INDEX deals_amount ON deals (workspace_id, amount_cents);
CREATE INDEX tickets_updated ON tickets (workspace_id, updated_at);
CREATE INDEX tasks_updated ON tasks (workspace_id, updated_at);
