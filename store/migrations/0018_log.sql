-- The log in its lasting form, and how much each workspace stores.

-- Who makes changes, by which token, from where, in which run: the same few for most entries.
CREATE TABLE origins (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  actor TEXT,
  token_id TEXT,
  addr TEXT,
  run TEXT
) STRICT;
CREATE INDEX origins_parts ON origins (workspace_id, token_id, actor, addr, run);
INSERT INTO origins (key, workspace_id, actor, token_id, addr)
  SELECT ROW_NUMBER() OVER (ORDER BY workspace_id, actor, token_id, addr), workspace_id, actor, token_id, addr
  FROM (SELECT DISTINCT workspace_id, actor, token_id, addr FROM changes) o;
INSERT INTO sequences (name, last) SELECT 'origins', COUNT(*) FROM origins;

-- An entry's key is its workspace's number times 2^40 plus its own, which rises in the order of commits; at never falls.
-- id is that of entries from before this form; those of others follow from the key. change_group is the number of the first
-- entry of the group, NULL in that entry itself. before holds what fields were, after what they became: as JSON up to 256
-- bytes, else a digest. The whole is then what the record's next entry holds before, or the record. A create holds neither.
CREATE TABLE log (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  id TEXT,
  at BIGINT NOT NULL,
  change_group BIGINT,
  origin BIGINT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  version BIGINT,
  before TEXT,
  after TEXT
) STRICT;

-- The numbers of present entries, made apart from their texts, which would be sorted with them.
CREATE TABLE log_numbers (key BIGINT PRIMARY KEY, number BIGINT NOT NULL, at BIGINT NOT NULL) STRICT;
INSERT INTO log_numbers SELECT key, ROW_NUMBER() OVER (PARTITION BY workspace_id ORDER BY key), MAX(at) OVER (PARTITION BY workspace_id ORDER BY key) FROM changes;
CREATE TABLE log_versions (key BIGINT PRIMARY KEY, version BIGINT NOT NULL) STRICT;
INSERT INTO log_versions SELECT key, ROW_NUMBER() OVER (PARTITION BY workspace_id, target ORDER BY key) FROM changes;
INSERT INTO log (key, workspace_id, id, at, origin, action, target, version, before, after)
  SELECT c.workspace_id * 1099511627776 + n.number, c.workspace_id, c.id, n.at, o.key, c.action, c.target,
    CASE c.action WHEN 'create' THEN v.version WHEN 'update' THEN v.version WHEN 'delete' THEN v.version - 1 END,
    c.before, CASE WHEN c.action = 'create' THEN NULL ELSE c.after END
  FROM changes c JOIN log_numbers n ON n.key = c.key JOIN log_versions v ON v.key = c.key
  JOIN origins o ON o.workspace_id = c.workspace_id AND o.token_id IS NOT DISTINCT FROM c.token_id
    AND o.actor IS NOT DISTINCT FROM c.actor AND o.addr IS NOT DISTINCT FROM c.addr AND o.run IS NULL
  ORDER BY c.workspace_id, n.number;
DROP TABLE log_numbers;
DROP TABLE log_versions;
DROP TABLE changes;
CREATE INDEX log_at ON log (workspace_id, at);
CREATE INDEX log_target ON log (workspace_id, target);
CREATE UNIQUE INDEX log_id ON log (workspace_id, id) WHERE id IS NOT NULL;

CREATE VIEW changes AS SELECT l.key, l.id, l.workspace_id, l.at, o.actor, o.token_id, o.addr, l.action, l.target, l.before, l.after
  FROM log l LEFT JOIN origins o ON o.key = l.origin;

-- What was committed, in order, for processes that follow each other: number counts entries of all workspaces; first and n are
-- those of one workspace. Only the newest rows are kept.
CREATE TABLE commits (
  number BIGINT PRIMARY KEY,
  workspace BIGINT NOT NULL,
  first BIGINT NOT NULL,
  n BIGINT NOT NULL
) STRICT;
INSERT INTO commits (number, workspace, first, n) SELECT last, 0, 1, 0 FROM sequences WHERE name = 'changes';
DELETE FROM sequences WHERE name = 'changes';

-- The change group of the change that began it; 0: none.
ALTER TABLE cascades ADD COLUMN change_group BIGINT NOT NULL DEFAULT 0;

-- Bytes that a workspace stores elsewhere, such as uploads that are being imported.
CREATE TABLE reservations (
  id TEXT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  made_at BIGINT NOT NULL
) STRICT;
CREATE INDEX reservations_workspace ON reservations (workspace_id);

-- The row storage of a workspace: n is the bytes that it stores, last the number of its last entry, latest when that was.
-- Workspace 0 has one from the start, so that a stranger's failed sign-in costs the same writes as any other.
INSERT INTO usage (workspace_id, kind, last, n, latest, astray)
  SELECT workspace_id, 'storage', MAX(last), SUM(n), MAX(latest), 0 FROM (
    SELECT workspace_id, MAX(key) - workspace_id * 1099511627776 AS last, MAX(at) AS latest,
      SUM(COALESCE(OCTET_LENGTH(id), 0) + OCTET_LENGTH(action) + OCTET_LENGTH(target) + COALESCE(OCTET_LENGTH(before), 0) + COALESCE(OCTET_LENGTH(after), 0)) AS n
      FROM log GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(COALESCE(OCTET_LENGTH(actor), 0) + COALESCE(OCTET_LENGTH(token_id), 0) + COALESCE(OCTET_LENGTH(addr), 0)) FROM origins GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(hash) + OCTET_LENGTH(request) + OCTET_LENGTH(text) + OCTET_LENGTH(json)) FROM kept_answers GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(source) + OCTET_LENGTH(kind) + OCTET_LENGTH(id)) FROM imported GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(name) + COALESCE(OCTET_LENGTH(email), 0) + COALESCE(OCTET_LENGTH(phone), 0) + COALESCE(OCTET_LENGTH(stage), 0)
      + COALESCE(OCTET_LENGTH(owner), 0) + COALESCE(OCTET_LENGTH(tags), 0) + COALESCE(OCTET_LENGTH(notes), 0) + COALESCE(OCTET_LENGTH(follow_up_note), 0)
      + COALESCE(OCTET_LENGTH(custom), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM contacts GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(name) + COALESCE(OCTET_LENGTH(domain), 0) + COALESCE(OCTET_LENGTH(owner), 0) + COALESCE(OCTET_LENGTH(tags), 0)
      + COALESCE(OCTET_LENGTH(notes), 0) + COALESCE(OCTET_LENGTH(custom), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM companies GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(title) + OCTET_LENGTH(currency) + COALESCE(OCTET_LENGTH(stage), 0) + OCTET_LENGTH(status)
      + COALESCE(OCTET_LENGTH(owner), 0) + COALESCE(OCTET_LENGTH(tags), 0) + COALESCE(OCTET_LENGTH(notes), 0) + COALESCE(OCTET_LENGTH(follow_up_note), 0)
      + COALESCE(OCTET_LENGTH(custom), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM deals GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(subject) + COALESCE(OCTET_LENGTH(content), 0) + OCTET_LENGTH(status) + OCTET_LENGTH(priority)
      + COALESCE(OCTET_LENGTH(assignee), 0) + COALESCE(OCTET_LENGTH(tags), 0) + COALESCE(OCTET_LENGTH(custom), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by))
      FROM tickets GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(title) + COALESCE(OCTET_LENGTH(assignee), 0) + OCTET_LENGTH(priority) + COALESCE(OCTET_LENGTH(notes), 0)
      + COALESCE(OCTET_LENGTH(custom), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM tasks GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(name) + COALESCE(OCTET_LENGTH(description), 0) + OCTET_LENGTH(status) + COALESCE(OCTET_LENGTH(custom), 0)
      + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM campaigns GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(COALESCE(OCTET_LENGTH(reason), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by)) FROM campaign_members GROUP BY workspace_id
    UNION ALL SELECT workspace_id, 0, 0, SUM(OCTET_LENGTH(kind) + OCTET_LENGTH(body) + COALESCE(OCTET_LENGTH(on_behalf_of), 0) + OCTET_LENGTH(created_by) + OCTET_LENGTH(updated_by))
      FROM activities GROUP BY workspace_id
    UNION ALL SELECT 0, 0, 0, 0
  ) s GROUP BY workspace_id;
