-- Written for both engines: the dialect turns BIGINT into INTEGER on SQLite and drops STRICT elsewhere.
-- Times are unix milliseconds. A record's key is its workspace's number times 2^40 plus its own.

CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE users (
  number BIGINT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
) STRICT;

CREATE TABLE workspaces (
  number BIGINT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at BIGINT NOT NULL
) STRICT;

CREATE TABLE members (
  workspace_id BIGINT NOT NULL REFERENCES workspaces (number),
  user_id BIGINT NOT NULL REFERENCES users (number),
  role TEXT NOT NULL,
  joined_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, user_id)
) STRICT;
CREATE INDEX members_user ON members (user_id, joined_at);

CREATE TABLE tokens (
  key BIGINT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES users (number),
  workspace_id BIGINT NOT NULL REFERENCES workspaces (number),
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  scope TEXT NOT NULL,
  origin TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id, created_at);
CREATE INDEX tokens_workspace ON tokens (workspace_id);

-- One live code per purpose and address. tries belong to the window that began at opened_at.
CREATE TABLE codes (
  purpose TEXT NOT NULL,
  email TEXT NOT NULL,
  hash TEXT NOT NULL,
  tries BIGINT NOT NULL,
  opened_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (purpose, email)
) STRICT;

CREATE TABLE limits (name TEXT PRIMARY KEY, n BIGINT NOT NULL, resets_at BIGINT NOT NULL) STRICT;
CREATE INDEX limits_resets ON limits (resets_at);

CREATE TABLE confirmations (
  hash TEXT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  target TEXT NOT NULL,
  version BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) STRICT;
CREATE INDEX confirmations_expires ON confirmations (expires_at);

-- last is the highest number given out, n how many exist.
CREATE TABLE usage (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  last BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind)
) STRICT;

-- Numbers that belong to no workspace: users, workspaces, tokens, changes.
CREATE TABLE sequences (name TEXT PRIMARY KEY, last BIGINT NOT NULL) STRICT;

CREATE TABLE changes (
  key BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL,
  at BIGINT NOT NULL,
  actor TEXT,
  token_id TEXT,
  addr TEXT,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  before TEXT,
  after TEXT
) STRICT;
CREATE INDEX changes_at ON changes (workspace_id, at);
CREATE UNIQUE INDEX changes_id ON changes (workspace_id, id);
CREATE INDEX changes_target ON changes (workspace_id, target);

CREATE TABLE tags (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  record BIGINT NOT NULL,
  fold TEXT NOT NULL,
  PRIMARY KEY (workspace_id, kind, tag, record)
) STRICT;
CREATE INDEX tags_record ON tags (record, kind, tag);

-- number is query.NumberKey of the value, time its milliseconds, where it is one.
CREATE TABLE custom_values (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  record BIGINT NOT NULL,
  text TEXT NOT NULL,
  fold TEXT NOT NULL,
  number TEXT,
  time BIGINT,
  PRIMARY KEY (workspace_id, kind, name, record)
) STRICT;

CREATE TABLE companies (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  domain TEXT,
  owner TEXT,
  tags TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  owner_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
) STRICT;
CREATE UNIQUE INDEX companies_domain ON companies (workspace_id, domain);
CREATE INDEX companies_created ON companies (workspace_id, created_at);

CREATE TABLE contacts (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  stage TEXT,
  company_id BIGINT REFERENCES companies (key),
  owner TEXT,
  tags TEXT,
  follow_up_at BIGINT,
  follow_up_note TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  phone_fold TEXT,
  stage_fold TEXT,
  owner_fold TEXT,
  follow_up_note_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
) STRICT;
CREATE UNIQUE INDEX contacts_email ON contacts (workspace_id, email);
CREATE INDEX contacts_created ON contacts (workspace_id, created_at);
CREATE INDEX contacts_company ON contacts (company_id, created_at);
CREATE INDEX contacts_follow_up ON contacts (workspace_id, follow_up_at) WHERE follow_up_at IS NOT NULL;

CREATE TABLE deals (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  title TEXT NOT NULL,
  amount_cents BIGINT,
  currency TEXT NOT NULL,
  stage TEXT,
  status TEXT NOT NULL,
  contact_id BIGINT REFERENCES contacts (key),
  company_id BIGINT REFERENCES companies (key),
  owner TEXT,
  tags TEXT,
  follow_up_at BIGINT,
  follow_up_note TEXT,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  title_fold TEXT NOT NULL,
  stage_fold TEXT,
  owner_fold TEXT,
  follow_up_note_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
) STRICT;
CREATE INDEX deals_created ON deals (workspace_id, created_at);
CREATE INDEX deals_contact ON deals (contact_id, created_at);
CREATE INDEX deals_company ON deals (company_id, created_at);
CREATE INDEX deals_follow_up ON deals (workspace_id, follow_up_at) WHERE follow_up_at IS NOT NULL;

CREATE TABLE activities (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  contact_id BIGINT REFERENCES contacts (key),
  company_id BIGINT REFERENCES companies (key),
  deal_id BIGINT REFERENCES deals (key),
  occurred_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  updated_by TEXT NOT NULL,
  body TEXT NOT NULL,
  body_fold TEXT NOT NULL
) STRICT;
CREATE INDEX activities_occurred ON activities (workspace_id, occurred_at);
CREATE INDEX activities_contact ON activities (contact_id, occurred_at);
CREATE INDEX activities_company ON activities (company_id, occurred_at);
CREATE INDEX activities_deal ON activities (deal_id, occurred_at);
