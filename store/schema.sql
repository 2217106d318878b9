-- Made by TestNewSchema from the migrations up to 42
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE users (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
, plan TEXT NOT NULL DEFAULT 'standard', workspaces INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE workspaces (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  plan TEXT NOT NULL,
  created_at INTEGER NOT NULL
, name_fold TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, made_by INTEGER REFERENCES users (number), country TEXT, time_zone_fold TEXT, country_fold TEXT, name_plain TEXT, shape INTEGER NOT NULL DEFAULT 0, custom_keys TEXT) STRICT;
CREATE TABLE codes (
  purpose TEXT NOT NULL,
  email TEXT NOT NULL,
  hash TEXT NOT NULL,
  tries INTEGER NOT NULL,
  opened_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, workspace_id INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (purpose, email)
) STRICT;
CREATE TABLE limits (name TEXT PRIMARY KEY, n INTEGER NOT NULL, resets_at INTEGER NOT NULL) STRICT;
CREATE INDEX limits_resets ON limits (resets_at);
CREATE TABLE usage (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  last INTEGER NOT NULL,
  n INTEGER NOT NULL, latest INTEGER NOT NULL DEFAULT 0, astray INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, kind)
) STRICT;
CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE companies (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  domain TEXT,
  owner TEXT,
  tags TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  owner_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
, activities INTEGER NOT NULL DEFAULT 0, last_activity INTEGER, outreach INTEGER NOT NULL DEFAULT 0, last_outreach INTEGER, on_behalf_of TEXT, address TEXT, other_domains TEXT, external_ids TEXT, domain_fold TEXT, other_domains_fold TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, name_plain TEXT, notes_plain TEXT, parent_id INTEGER REFERENCES companies (key)) STRICT;
CREATE UNIQUE INDEX companies_domain ON companies (workspace_id, domain);
CREATE INDEX companies_created ON companies (workspace_id, created_at);
CREATE TABLE contacts (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  stage TEXT,
  company_id INTEGER REFERENCES companies (key),
  owner TEXT,
  tags TEXT,
  follow_up_at INTEGER,
  follow_up_note TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  phone_fold TEXT,
  stage_fold TEXT,
  owner_fold TEXT,
  follow_up_note_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
, activities INTEGER NOT NULL DEFAULT 0, last_activity INTEGER, outreach INTEGER NOT NULL DEFAULT 0, last_outreach INTEGER, on_behalf_of TEXT, title TEXT, title_fold TEXT, address TEXT, other_emails TEXT, other_phones TEXT, other_phones_fold TEXT, external_ids TEXT, email_fold TEXT, other_emails_fold TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, name_plain TEXT, title_plain TEXT, notes_plain TEXT, follow_up_note_plain TEXT, pipeline TEXT, pipeline_fold TEXT, pipeline_plain TEXT, stage_since INTEGER, deals INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX contacts_email ON contacts (workspace_id, email);
CREATE INDEX contacts_created ON contacts (workspace_id, created_at);
CREATE INDEX contacts_company ON contacts (company_id, created_at);
CREATE INDEX contacts_follow_up ON contacts (workspace_id, follow_up_at) WHERE follow_up_at IS NOT NULL;
CREATE TABLE deals (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  amount_cents INTEGER,
  currency TEXT NOT NULL,
  stage TEXT,
  status TEXT NOT NULL,
  contact_id INTEGER REFERENCES contacts (key),
  company_id INTEGER REFERENCES companies (key),
  owner TEXT,
  tags TEXT,
  follow_up_at INTEGER,
  follow_up_note TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  title_fold TEXT NOT NULL,
  stage_fold TEXT,
  owner_fold TEXT,
  follow_up_note_fold TEXT,
  notes TEXT,
  custom TEXT,
  notes_fold TEXT
, activities INTEGER NOT NULL DEFAULT 0, last_activity INTEGER, on_behalf_of TEXT, close_at INTEGER, closed_at INTEGER, lost_reason TEXT, lost_reason_fold TEXT, external_ids TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, title_plain TEXT, lost_reason_plain TEXT, notes_plain TEXT, follow_up_note_plain TEXT, pipeline TEXT, pipeline_fold TEXT, pipeline_plain TEXT, stage_since INTEGER, contacts INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX deals_created ON deals (workspace_id, created_at);
CREATE INDEX deals_contact ON deals (contact_id, created_at);
CREATE INDEX deals_company ON deals (company_id, created_at);
CREATE INDEX deals_follow_up ON deals (workspace_id, follow_up_at) WHERE follow_up_at IS NOT NULL;
CREATE TABLE activities (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  contact_id INTEGER REFERENCES contacts (key),
  company_id INTEGER REFERENCES companies (key),
  deal_id INTEGER REFERENCES deals (key),
  occurred_at INTEGER NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  body TEXT NOT NULL,
  body_fold TEXT NOT NULL
, on_behalf_of TEXT, contact_company_id INTEGER REFERENCES companies (key), ticket_id INTEGER REFERENCES tickets (key), external_ids TEXT, on_behalf_of_fold TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, body_plain TEXT) STRICT;
CREATE INDEX activities_occurred ON activities (workspace_id, occurred_at);
CREATE INDEX activities_contact ON activities (contact_id, occurred_at);
CREATE INDEX activities_company ON activities (company_id, occurred_at);
CREATE INDEX activities_deal ON activities (deal_id, occurred_at);
CREATE INDEX workspaces_made_by ON workspaces (made_by);
CREATE TABLE "members" (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  workspace_id INTEGER NOT NULL REFERENCES workspaces (number),
  user_id INTEGER REFERENCES users (number),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  invited_by TEXT,
  created_at INTEGER NOT NULL
, email_fold TEXT, invited_by_fold TEXT) STRICT;
CREATE UNIQUE INDEX members_email ON members (workspace_id, email);
CREATE UNIQUE INDEX members_id ON members (workspace_id, id);
CREATE INDEX members_created ON members (workspace_id, created_at);
CREATE INDEX members_user ON members (user_id, created_at);
CREATE INDEX members_invited ON members (email) WHERE user_id IS NULL;
CREATE TABLE oauth_clients (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  redirects TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER
, network TEXT NOT NULL DEFAULT '', held_until INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX oauth_clients_unused ON oauth_clients (created_at) WHERE used_at IS NULL;
CREATE TABLE oauth_requests (
  hash TEXT PRIMARY KEY,
  browser TEXT NOT NULL,
  client TEXT NOT NULL,
  redirect TEXT NOT NULL,
  state TEXT NOT NULL,
  challenge TEXT NOT NULL,
  email TEXT NOT NULL,
  long INTEGER NOT NULL,
  verified INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
, verified_at INTEGER NOT NULL DEFAULT 0, network TEXT NOT NULL DEFAULT '', mailed INTEGER NOT NULL DEFAULT 0, shown TEXT NOT NULL DEFAULT '') STRICT;
CREATE INDEX oauth_requests_expires ON oauth_requests (expires_at);
CREATE TABLE oauth_grants (
  hash TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  redirect TEXT NOT NULL,
  challenge TEXT NOT NULL,
  scope TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  workspace_id INTEGER NOT NULL,
  token TEXT,
  expires_at INTEGER NOT NULL
, reach TEXT NOT NULL DEFAULT 'one') STRICT;
CREATE INDEX oauth_grants_expires ON oauth_grants (expires_at);
CREATE INDEX oauth_grants_workspace ON oauth_grants (workspace_id);
CREATE TABLE tokens (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user_id INTEGER NOT NULL REFERENCES users (number),
  workspace_id INTEGER NOT NULL REFERENCES workspaces (number),
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  scope TEXT NOT NULL,
  origin TEXT NOT NULL,
  client TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL
, made_by INTEGER REFERENCES tokens (key) ON DELETE CASCADE, reach TEXT NOT NULL DEFAULT 'one', name_plain TEXT) STRICT;
CREATE TABLE secrets (
  hash TEXT PRIMARY KEY,
  token_key INTEGER NOT NULL REFERENCES tokens (key) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  pair INTEGER NOT NULL,
  used_at INTEGER,
  dies_at INTEGER
) STRICT;
CREATE INDEX tokens_user ON tokens (user_id, created_at);
CREATE INDEX tokens_workspace ON tokens (workspace_id);
CREATE INDEX tokens_client ON tokens (client) WHERE client IS NOT NULL;
CREATE INDEX secrets_token ON secrets (token_key);
CREATE INDEX secrets_dies ON secrets (dies_at) WHERE dies_at IS NOT NULL;
CREATE INDEX secrets_used ON secrets (used_at) WHERE used_at IS NOT NULL;
CREATE TABLE kept_answers (
  workspace_id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  request TEXT NOT NULL,
  status INTEGER NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  json TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, user_id, hash)
) STRICT;
CREATE INDEX kept_answers_at ON kept_answers (kept_at);
CREATE TABLE imported (
  workspace_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, source, kind, id)
) STRICT;
CREATE INDEX activities_contact_company ON activities (contact_company_id, occurred_at) WHERE contact_company_id IS NOT NULL;
CREATE TABLE tickets (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  subject TEXT NOT NULL,
  subject_fold TEXT NOT NULL,
  content TEXT,
  content_fold TEXT,
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  priority_fold TEXT NOT NULL,
  requester_id INTEGER REFERENCES contacts (key),
  company_id INTEGER REFERENCES companies (key),
  assignee TEXT,
  assignee_fold TEXT,
  tags TEXT,
  solved_at INTEGER,
  custom TEXT,
  activities INTEGER NOT NULL DEFAULT 0,
  last_activity INTEGER,
  on_behalf_of TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
, external_ids TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, subject_plain TEXT, content_plain TEXT) STRICT;
CREATE INDEX tickets_created ON tickets (workspace_id, created_at);
CREATE INDEX tickets_requester ON tickets (requester_id, created_at);
CREATE INDEX tickets_company ON tickets (company_id, created_at);
CREATE INDEX activities_ticket ON activities (ticket_id, occurred_at) WHERE ticket_id IS NOT NULL;
CREATE TABLE tasks (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  title_fold TEXT NOT NULL,
  due_at INTEGER,
  done_at INTEGER,
  assignee TEXT,
  assignee_fold TEXT,
  priority TEXT NOT NULL,
  priority_fold TEXT NOT NULL,
  contact_id INTEGER REFERENCES contacts (key),
  company_id INTEGER REFERENCES companies (key),
  deal_id INTEGER REFERENCES deals (key),
  ticket_id INTEGER REFERENCES tickets (key),
  notes TEXT,
  notes_fold TEXT,
  custom TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
, external_ids TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, title_plain TEXT, notes_plain TEXT) STRICT;
CREATE INDEX tasks_created ON tasks (workspace_id, created_at);
CREATE INDEX tasks_due ON tasks (workspace_id, due_at) WHERE done_at IS NULL AND due_at IS NOT NULL;
CREATE INDEX tasks_contact ON tasks (contact_id, created_at) WHERE contact_id IS NOT NULL;
CREATE INDEX tasks_company ON tasks (company_id, created_at) WHERE company_id IS NOT NULL;
CREATE INDEX tasks_deal ON tasks (deal_id, created_at) WHERE deal_id IS NOT NULL;
CREATE INDEX tasks_ticket ON tasks (ticket_id, created_at) WHERE ticket_id IS NOT NULL;
CREATE TABLE campaigns (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  description TEXT,
  description_fold TEXT,
  status TEXT NOT NULL,
  custom TEXT,
  contacts INTEGER NOT NULL DEFAULT 0,
  companies INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
, external_ids TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, name_plain TEXT, description_plain TEXT) STRICT;
CREATE INDEX campaigns_created ON campaigns (workspace_id, created_at);
CREATE TABLE campaign_members (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  campaign_id INTEGER NOT NULL REFERENCES campaigns (key),
  contact_id INTEGER REFERENCES contacts (key),
  company_id INTEGER REFERENCES companies (key),
  reason TEXT,
  reason_fold TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
, external_ids TEXT, external_ids_fold TEXT, created_by_fold TEXT, updated_by_fold TEXT, reason_plain TEXT) STRICT;
CREATE INDEX campaign_members_created ON campaign_members (workspace_id, created_at);
CREATE INDEX campaign_members_campaign ON campaign_members (campaign_id, created_at);
CREATE UNIQUE INDEX campaign_members_contact ON campaign_members (contact_id, campaign_id) WHERE contact_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_members_company ON campaign_members (company_id, campaign_id) WHERE company_id IS NOT NULL;
CREATE INDEX contacts_phone ON contacts (workspace_id, phone_fold) WHERE phone_fold IS NOT NULL;
CREATE INDEX contacts_updated ON contacts (workspace_id, updated_at);
CREATE INDEX contacts_name ON contacts (workspace_id, name_fold);
CREATE INDEX companies_updated ON companies (workspace_id, updated_at);
CREATE INDEX companies_name ON companies (workspace_id, name_fold);
CREATE INDEX deals_updated ON deals (workspace_id, updated_at);
CREATE INDEX deals_amount ON deals (workspace_id, amount_cents);
CREATE INDEX tickets_updated ON tickets (workspace_id, updated_at);
CREATE INDEX tasks_updated ON tasks (workspace_id, updated_at);
CREATE INDEX contacts_stage ON contacts (workspace_id, stage);
CREATE INDEX contacts_owner ON contacts (workspace_id, owner);
CREATE INDEX companies_owner ON companies (workspace_id, owner);
CREATE INDEX deals_stage ON deals (workspace_id, stage);
CREATE INDEX deals_status ON deals (workspace_id, status);
CREATE INDEX deals_owner ON deals (workspace_id, owner);
CREATE INDEX tickets_status ON tickets (workspace_id, status);
CREATE INDEX tickets_assignee ON tickets (workspace_id, assignee);
CREATE INDEX tasks_assignee ON tasks (workspace_id, assignee);
CREATE INDEX codes_workspace ON codes (workspace_id, email) WHERE workspace_id <> 0;
CREATE INDEX oauth_grants_user ON oauth_grants (user_id, workspace_id);
CREATE INDEX tokens_made_by ON tokens (made_by) WHERE made_by IS NOT NULL;
CREATE TABLE cascades (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  record INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  at INTEGER NOT NULL,
  after INTEGER NOT NULL,
  actor TEXT,
  token_id TEXT,
  addr TEXT, change_group INTEGER NOT NULL DEFAULT 0, place TEXT,
  PRIMARY KEY (workspace_id, kind, record)
) STRICT;
CREATE INDEX activities_contact_outreach ON activities (contact_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
CREATE INDEX activities_company_outreach ON activities (company_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
CREATE INDEX activities_contact_company_outreach ON activities (contact_company_id, occurred_at) WHERE kind IN ('call', 'email', 'meeting');
CREATE TABLE names (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  fold TEXT
) STRICT;
CREATE UNIQUE INDEX names_name ON names (workspace_id, kind, name);
CREATE TABLE tags (
  name_id INTEGER NOT NULL REFERENCES names (key),
  record INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (name_id, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_record ON tags (record, name_id);
CREATE TABLE custom_values (
  name_id INTEGER NOT NULL REFERENCES names (key),
  record INTEGER NOT NULL,
  text TEXT NOT NULL,
  fold TEXT,
  number TEXT,
  time INTEGER,
  PRIMARY KEY (name_id, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX custom_values_text ON custom_values (name_id, text, record) WHERE number IS NULL AND LENGTH(text) <= 200;
CREATE INDEX custom_values_number ON custom_values (name_id, number, record) WHERE number IS NOT NULL;
CREATE TABLE origins (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  actor TEXT,
  token_id TEXT,
  addr TEXT,
  actor_fold TEXT, addr_fold TEXT) STRICT;
CREATE TABLE log (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  id TEXT,
  at INTEGER NOT NULL,
  change_group INTEGER,
  origin INTEGER NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  version INTEGER,
  before TEXT,
  after TEXT
, target_fold TEXT, run INTEGER) STRICT;
CREATE INDEX log_at ON log (workspace_id, at);
CREATE INDEX log_target ON log (workspace_id, target);
CREATE UNIQUE INDEX log_id ON log (workspace_id, id) WHERE id IS NOT NULL;
CREATE TABLE commits (
  number INTEGER PRIMARY KEY,
  workspace INTEGER NOT NULL,
  first INTEGER NOT NULL,
  n INTEGER NOT NULL
) STRICT;
CREATE TABLE reservations (
  id TEXT PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_workspace ON reservations (workspace_id);
CREATE INDEX oauth_requests_client ON oauth_requests (client, expires_at);
CREATE INDEX oauth_requests_places ON oauth_requests (network, expires_at) WHERE mailed = 0;
CREATE INDEX oauth_clients_places ON oauth_clients (network, held_until) WHERE used_at IS NULL;
CREATE TABLE values_in_use (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, kind, field, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX values_in_use_n ON values_in_use (workspace_id, kind, field, n DESC, value);
CREATE INDEX deals_title ON deals (workspace_id, title_fold);
CREATE INDEX tickets_subject ON tickets (workspace_id, subject_fold);
CREATE INDEX campaigns_name ON campaigns (workspace_id, name_fold);
CREATE TABLE list_values (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  record INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, kind, value, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX deals_close ON deals (workspace_id, close_at) WHERE close_at IS NOT NULL;
CREATE INDEX deals_closed ON deals (workspace_id, closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE confirmations (
  hash TEXT PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  request TEXT NOT NULL,
  body TEXT NOT NULL,
  decided TEXT NOT NULL,
  answer TEXT,
  expires_at INTEGER NOT NULL
, runs INTEGER NOT NULL DEFAULT 0, runs_until INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX confirmations_expires ON confirmations (expires_at);
CREATE VIEW invites AS
  SELECT key, id, workspace_id, email, email_fold, role, status, invited_by, invited_by_fold, created_at FROM members WHERE user_id IS NULL;
CREATE TABLE kept_files (
  workspace_id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  size INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_files_user ON kept_files (user_id);
CREATE INDEX kept_files_expires ON kept_files (expires_at);
CREATE TABLE kept_parts (
  workspace_id INTEGER NOT NULL,
  hash TEXT NOT NULL,
  part INTEGER NOT NULL,
  content TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, hash, part)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_parts_expires ON kept_parts (expires_at);
CREATE TABLE merged (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  record INTEGER NOT NULL,
  winner INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, kind, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX merged_winner ON merged (workspace_id, winner);
CREATE INDEX confirmations_user ON confirmations (workspace_id, user_id);
CREATE TABLE duplicate_keys (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  hash INTEGER NOT NULL,
  record INTEGER NOT NULL,
  sketch INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, kind, hash, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE dismissed_pairs (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  record INTEGER NOT NULL,
  other INTEGER NOT NULL,
  dismissed_at INTEGER NOT NULL,
  dismissed_by TEXT,
  PRIMARY KEY (workspace_id, kind, record, other)
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
  workspace_id INTEGER NOT NULL,
  first INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, first)
) STRICT;
CREATE INDEX runs_name ON runs (workspace_id, name, user_id, first);
CREATE INDEX log_group ON log (workspace_id, change_group, key) WHERE change_group IS NOT NULL;
CREATE INDEX log_run ON log (workspace_id, run, key) WHERE run IS NOT NULL;
CREATE INDEX origins_parts ON origins (workspace_id, token_id, actor, addr);
CREATE TABLE bookmarks (
  workspace_id INTEGER NOT NULL,
  token_key INTEGER NOT NULL REFERENCES tokens (key) ON DELETE CASCADE,
  name TEXT NOT NULL,
  number INTEGER NOT NULL,
  moved_at INTEGER NOT NULL,
  PRIMARY KEY (token_key, workspace_id, name)
) STRICT;
CREATE INDEX bookmarks_workspace ON bookmarks (workspace_id);
CREATE VIEW changes AS
  SELECT l.key, l.id, l.workspace_id, l.at, o.actor, o.actor_fold, o.token_id, o.addr, o.addr_fold, l.action, l.target, l.target_fold,
    l.before, l.after, l.change_group, l.run
  FROM log l LEFT JOIN origins o ON o.key = l.origin;
CREATE INDEX imported_record ON imported (workspace_id, record);
CREATE INDEX log_trash ON log (at, key) WHERE action = 'delete' AND before IS NOT NULL;
CREATE INDEX log_deletes ON log (workspace_id, SUBSTR(target, 1, 3), key) WHERE action = 'delete' AND before IS NOT NULL;
CREATE TABLE stage_visits (
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  record INTEGER NOT NULL,
  n INTEGER NOT NULL,
  pipeline TEXT,
  stage TEXT NOT NULL,
  entered_at INTEGER,
  left_at INTEGER,
  actor TEXT NOT NULL,
  PRIMARY KEY (workspace_id, kind, record, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX stage_visits_stage ON stage_visits (workspace_id, kind, stage, entered_at);
CREATE TABLE views (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  kind TEXT NOT NULL,
  query TEXT NOT NULL,
  query_fold TEXT NOT NULL,
  doc TEXT,
  doc_fold TEXT,
  doc_plain TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX views_name ON views (workspace_id, name);
CREATE TABLE deal_sums (
  workspace_id INTEGER NOT NULL,
  place TEXT NOT NULL,
  status TEXT NOT NULL,
  currency TEXT NOT NULL,
  stage TEXT,
  n INTEGER NOT NULL,
  amounts INTEGER NOT NULL,
  high INTEGER NOT NULL,
  low INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE fields (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  type TEXT NOT NULL,
  options TEXT,
  required TEXT NOT NULL,
  is_unique TEXT NOT NULL,
  ref TEXT,
  doc TEXT,
  doc_fold TEXT,
  doc_plain TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX fields_name ON fields (workspace_id, kind, name);
CREATE TABLE deal_contacts (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  deal_id INTEGER NOT NULL REFERENCES deals (key),
  contact_id INTEGER NOT NULL REFERENCES contacts (key),
  role TEXT,
  role_fold TEXT,
  role_plain TEXT,
  external_ids TEXT,
  external_ids_fold TEXT,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE INDEX deal_contacts_created ON deal_contacts (workspace_id, created_at);
CREATE INDEX deal_contacts_deal ON deal_contacts (deal_id, created_at);
CREATE UNIQUE INDEX deal_contacts_contact ON deal_contacts (contact_id, deal_id);
CREATE TABLE pipelines (
  key INTEGER PRIMARY KEY,
  workspace_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  kind TEXT NOT NULL,
  is_default TEXT NOT NULL,
  stages TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_by_fold TEXT,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_by_fold TEXT
) STRICT;
CREATE UNIQUE INDEX pipelines_name ON pipelines (workspace_id, name);
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, w.name_plain AS name_plain, m.role AS role,
    w.time_zone AS time_zone, w.time_zone_fold AS time_zone_fold, w.country AS country, w.country_fold AS country_fold, w.custom_keys AS custom_keys,
    w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;
CREATE INDEX companies_parent ON companies (parent_id, created_at) WHERE parent_id IS NOT NULL;
INSERT INTO usage VALUES (0, 'storage', 0, 0, 0, 0);
INSERT INTO sequences VALUES ('members', 0);
INSERT INTO sequences VALUES ('names', 0);
INSERT INTO sequences VALUES ('origins', 0);
