-- Which keys of custom a workspace takes: any, or those that it has declared.

ALTER TABLE workspaces ADD COLUMN custom_keys TEXT;
DROP VIEW memberships;
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, w.name_plain AS name_plain, m.role AS role,
    w.time_zone AS time_zone, w.time_zone_fold AS time_zone_fold, w.country AS country, w.country_fold AS country_fold, w.custom_keys AS custom_keys,
    w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;
