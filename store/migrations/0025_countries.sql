-- The country of a workspace, in which its phone numbers are read. The compared forms of numbers are computed anew after this
-- step, in Go: they keep the plus sign and leave out what does not belong to the number.

ALTER TABLE workspaces ADD COLUMN country TEXT;
DROP VIEW memberships;
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, m.role AS role,
    w.time_zone AS time_zone, w.country AS country, w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;
