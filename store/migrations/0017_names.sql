-- Labels and keys of custom stand once per workspace and kind; what records have of them holds their number.
-- CLUSTERED is a table that is the tree of its primary key: the dialect turns it into WITHOUT ROWID on SQLite and drops it elsewhere.

-- fold is NULL where it would repeat the name.
CREATE TABLE names (
  key BIGINT PRIMARY KEY,
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  fold TEXT
) STRICT;
INSERT INTO names (key, workspace_id, kind, name, fold)
  SELECT ROW_NUMBER() OVER (ORDER BY workspace_id, kind, name), workspace_id, kind, name, fold FROM (
    SELECT workspace_id, kind, tag AS name, NULLIF(MIN(fold), tag) AS fold FROM tags GROUP BY workspace_id, kind, tag
    UNION ALL SELECT DISTINCT workspace_id, kind || '.custom', name, NULL FROM custom_values) x;
CREATE UNIQUE INDEX names_name ON names (workspace_id, kind, name);
INSERT INTO sequences (name, last) SELECT 'names', COUNT(*) FROM names;

ALTER TABLE tags RENAME TO spelled_tags;
DROP INDEX tags_record;
CREATE TABLE tags (
  name_id BIGINT NOT NULL REFERENCES names (key),
  record BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (name_id, record)
) STRICT, CLUSTERED;
INSERT INTO tags (name_id, record, n)
  SELECT n.key, t.record, t.n FROM names n CROSS JOIN spelled_tags t
  WHERE t.workspace_id = n.workspace_id AND t.kind = n.kind AND t.tag = n.name ORDER BY n.key, t.record;
DROP TABLE spelled_tags;
CREATE INDEX tags_record ON tags (record, name_id);

-- fold is NULL where it would repeat the text. number is query.NumberKey of the value, in a shorter form than before; time its milliseconds.
ALTER TABLE custom_values RENAME TO spelled_values;
DROP INDEX custom_values_text;
DROP INDEX custom_values_number;
CREATE TABLE custom_values (
  name_id BIGINT NOT NULL REFERENCES names (key),
  record BIGINT NOT NULL,
  text TEXT NOT NULL,
  fold TEXT,
  number TEXT,
  time BIGINT,
  PRIMARY KEY (name_id, record)
) STRICT, CLUSTERED;
INSERT INTO custom_values (name_id, record, text, fold, number, time)
  SELECT n.key, v.record, v.text, NULLIF(v.fold, v.text), CASE
    WHEN v.number IS NULL THEN NULL
    WHEN v.number = '1' THEN '_'
    WHEN v.number >= '25000000026' THEN '{' || SUBSTR(v.number, 2)
    WHEN v.number >= '25000000000' THEN SUBSTR('abcdefghijklmnopqrstuvwxyz', CAST(SUBSTR(v.number, 2, 10) AS BIGINT) - 4999999999, 1) || SUBSTR(v.number, 12)
    WHEN v.number >= '2' THEN '`' || SUBSTR(v.number, 2)
    WHEN v.number >= '05000000000' THEN '[' || SUBSTR(v.number, 2)
    WHEN v.number >= '04999999974' THEN SUBSTR('ZYXWVUTSRQPONMLKJIHGFEDCBA', 5000000000 - CAST(SUBSTR(v.number, 2, 10) AS BIGINT), 1) || SUBSTR(v.number, 12)
    ELSE v.number END, v.time
  FROM names n CROSS JOIN spelled_values v
  WHERE n.kind LIKE '%.custom' AND v.workspace_id = n.workspace_id AND v.kind = SUBSTR(n.kind, 1, LENGTH(n.kind) - 7) AND v.name = n.name ORDER BY n.key, v.record;
DROP TABLE spelled_values;
CREATE INDEX custom_values_text ON custom_values (name_id, text, record) WHERE number IS NULL AND LENGTH(text) <= 200;
CREATE INDEX custom_values_number ON custom_values (name_id, number, record) WHERE number IS NOT NULL;
