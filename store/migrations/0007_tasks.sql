-- Tasks: what is to be done, by whom, by when.

CREATE TABLE tasks (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  title TEXT NOT NULL,
  title_fold TEXT NOT NULL,
  due_at BIGINT,
  done_at BIGINT,
  assignee TEXT,
  assignee_fold TEXT,
  priority TEXT NOT NULL,
  priority_fold TEXT NOT NULL,
  contact_id BIGINT REFERENCES contacts (key),
  company_id BIGINT REFERENCES companies (key),
  deal_id BIGINT REFERENCES deals (key),
  ticket_id BIGINT REFERENCES tickets (key),
  notes TEXT,
  notes_fold TEXT,
  custom TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;
CREATE INDEX tasks_created ON tasks (workspace_id, created_at);
CREATE INDEX tasks_due ON tasks (workspace_id, due_at) WHERE done_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX tasks_contact ON tasks (contact_id, created_at) WHERE contact_id IS NOT NULL;
CREATE INDEX tasks_company ON tasks (company_id, created_at) WHERE company_id IS NOT NULL;
CREATE INDEX tasks_deal ON tasks (deal_id, created_at) WHERE deal_id IS NOT NULL;
CREATE INDEX tasks_ticket ON tasks (ticket_id, created_at) WHERE ticket_id IS NOT NULL;
