-- Teams: roles, invites, workspaces that can be renamed, plans of users.

-- workspaces is how many the user made and still belongs to.
ALTER TABLE users ADD COLUMN plan TEXT NOT NULL DEFAULT 'standard';
ALTER TABLE users ADD COLUMN workspaces BIGINT NOT NULL DEFAULT 0;

-- made_by is NULL when whoever made it has left.
ALTER TABLE workspaces ADD COLUMN name_fold TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN made_by BIGINT REFERENCES users (number);
UPDATE workspaces SET name_fold = LOWER(name),
  made_by = (SELECT MIN(m.user_id) FROM members m WHERE m.workspace_id = workspaces.number);
UPDATE users SET workspaces = (SELECT COUNT(*) FROM workspaces w WHERE w.made_by = users.number);
CREATE INDEX workspaces_made_by ON workspaces (made_by);

-- A row is a seat: of a member, or kept for who was invited. id is the user's, or the invite's
-- while user_id is NULL. created_at is when the member joined or the invite was made.
CREATE TABLE seats (
  key BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  workspace_id BIGINT NOT NULL REFERENCES workspaces (number),
  user_id BIGINT REFERENCES users (number),
  email TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  invited_by TEXT,
  created_at BIGINT NOT NULL
) STRICT;
INSERT INTO seats (key, id, workspace_id, user_id, email, role, status, created_at)
  SELECT ROW_NUMBER() OVER (ORDER BY m.joined_at, m.workspace_id), u.id, m.workspace_id, m.user_id, u.email, m.role, 'active', m.joined_at
  FROM members m JOIN users u ON u.number = m.user_id;
INSERT INTO sequences (name, last) SELECT 'members', COUNT(*) FROM seats;
INSERT INTO usage (workspace_id, kind, last, n) SELECT workspace_id, 'members', COUNT(*), COUNT(*) FROM seats GROUP BY workspace_id;
DROP TABLE members;
ALTER TABLE seats RENAME TO members;
CREATE UNIQUE INDEX members_email ON members (workspace_id, email);
CREATE UNIQUE INDEX members_id ON members (workspace_id, id);
CREATE INDEX members_created ON members (workspace_id, created_at);
CREATE INDEX members_user ON members (user_id, created_at);
CREATE INDEX members_invited ON members (email) WHERE user_id IS NULL;

-- The workspaces of a user, as GET /workspaces lists them.
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, m.role AS role,
    w.time_zone AS time_zone, w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;

-- The members that are not in yet.
CREATE VIEW invites AS
  SELECT key, id, workspace_id, email, role, status, invited_by, created_at FROM members WHERE user_id IS NULL;
