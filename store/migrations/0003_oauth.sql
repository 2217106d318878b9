-- Connectors: OAuth clients, sign-ins on the page, authorization codes, and tokens whose secrets are replaced while they live on.

-- redirects is a JSON array. used_at is when somebody last signed in through the client; NULL: nobody did yet.
CREATE TABLE oauth_clients (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  redirects TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT
) STRICT;
CREATE INDEX oauth_clients_unused ON oauth_clients (created_at) WHERE used_at IS NULL;

-- A sign-in under way on the page. browser is the hash of the cookie it began with; verified is 1 once the code was right.
CREATE TABLE oauth_requests (
  hash TEXT PRIMARY KEY,
  browser TEXT NOT NULL,
  client TEXT NOT NULL,
  redirect TEXT NOT NULL,
  state TEXT NOT NULL,
  challenge TEXT NOT NULL,
  email TEXT NOT NULL,
  long BIGINT NOT NULL,
  verified BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) STRICT;
CREATE INDEX oauth_requests_expires ON oauth_requests (expires_at);

-- An authorization code. token is NULL until it was exchanged for one.
CREATE TABLE oauth_grants (
  hash TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  redirect TEXT NOT NULL,
  challenge TEXT NOT NULL,
  scope TEXT NOT NULL,
  user_id BIGINT NOT NULL,
  workspace_id BIGINT NOT NULL,
  token TEXT,
  expires_at BIGINT NOT NULL
) STRICT;
CREATE INDEX oauth_grants_expires ON oauth_grants (expires_at);
CREATE INDEX oauth_grants_workspace ON oauth_grants (workspace_id);

ALTER TABLE tokens RENAME TO hashed_tokens;

-- client is the OAuth client that holds the token, NULL where none does.
CREATE TABLE tokens (
  key BIGINT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user_id BIGINT NOT NULL REFERENCES users (number),
  workspace_id BIGINT NOT NULL REFERENCES workspaces (number),
  workspace TEXT NOT NULL,
  name TEXT NOT NULL,
  name_fold TEXT NOT NULL,
  scope TEXT NOT NULL,
  origin TEXT NOT NULL,
  client TEXT,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL
) STRICT;
INSERT INTO tokens (key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, created_at, last_used_at)
  SELECT key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, created_at, last_used_at FROM hashed_tokens;

-- What opens a token. An access secret dies at dies_at; a refresh secret was first used at used_at. Those given out together are a pair.
CREATE TABLE secrets (
  hash TEXT PRIMARY KEY,
  token_key BIGINT NOT NULL REFERENCES tokens (key) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  pair BIGINT NOT NULL,
  used_at BIGINT,
  dies_at BIGINT
) STRICT;
INSERT INTO secrets (hash, token_key, kind, pair) SELECT hash, key, 'access', 0 FROM hashed_tokens;

DROP TABLE hashed_tokens;
CREATE INDEX tokens_user ON tokens (user_id, created_at);
CREATE INDEX tokens_workspace ON tokens (workspace_id);
CREATE INDEX tokens_client ON tokens (client) WHERE client IS NOT NULL;
CREATE INDEX secrets_token ON secrets (token_key);
CREATE INDEX secrets_dies ON secrets (dies_at) WHERE dies_at IS NOT NULL;
CREATE INDEX secrets_used ON secrets (used_at) WHERE used_at IS NOT NULL;
