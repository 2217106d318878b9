-- Tickets, and activities as their conversation.

CREATE TABLE tickets (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  subject TEXT NOT NULL,
  subject_fold TEXT NOT NULL,
  content TEXT,
  content_fold TEXT,
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  priority_fold TEXT NOT NULL,
  requester_id BIGINT REFERENCES contacts (key),
  company_id BIGINT REFERENCES companies (key),
  assignee TEXT,
  assignee_fold TEXT,
  tags TEXT,
  solved_at BIGINT,
  custom TEXT,
  activities BIGINT NOT NULL DEFAULT 0,
  last_activity BIGINT,
  on_behalf_of TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;
CREATE INDEX tickets_created ON tickets (workspace_id, created_at);
CREATE INDEX tickets_requester ON tickets (requester_id, created_at);
CREATE INDEX tickets_company ON tickets (company_id, created_at);

ALTER TABLE activities ADD COLUMN ticket_id BIGINT REFERENCES tickets (key);
CREATE INDEX activities_ticket ON activities (ticket_id, occurred_at) WHERE ticket_id IS NOT NULL;
