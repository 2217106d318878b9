-- Free text that is compared as a whole has a digest of its plain form in a column (crm.PlainDigest), NULL where the text is its
-- own plain form, as most texts are. The values are computed after this step, in Go.

ALTER TABLE contacts ADD COLUMN name_plain TEXT;
ALTER TABLE contacts ADD COLUMN title_plain TEXT;
ALTER TABLE contacts ADD COLUMN notes_plain TEXT;
ALTER TABLE contacts ADD COLUMN follow_up_note_plain TEXT;
ALTER TABLE companies ADD COLUMN name_plain TEXT;
ALTER TABLE companies ADD COLUMN notes_plain TEXT;
ALTER TABLE deals ADD COLUMN title_plain TEXT;
ALTER TABLE deals ADD COLUMN lost_reason_plain TEXT;
ALTER TABLE deals ADD COLUMN notes_plain TEXT;
ALTER TABLE deals ADD COLUMN follow_up_note_plain TEXT;
ALTER TABLE tickets ADD COLUMN subject_plain TEXT;
ALTER TABLE tickets ADD COLUMN content_plain TEXT;
ALTER TABLE tasks ADD COLUMN title_plain TEXT;
ALTER TABLE tasks ADD COLUMN notes_plain TEXT;
ALTER TABLE campaigns ADD COLUMN name_plain TEXT;
ALTER TABLE campaigns ADD COLUMN description_plain TEXT;
ALTER TABLE campaign_members ADD COLUMN reason_plain TEXT;
ALTER TABLE activities ADD COLUMN body_plain TEXT;

ALTER TABLE tokens ADD COLUMN name_plain TEXT;
ALTER TABLE workspaces ADD COLUMN name_plain TEXT;
DROP VIEW memberships;
CREATE VIEW memberships AS
  SELECT m.key AS key, m.user_id AS user_id, w.id AS id, w.name AS name, w.name_fold AS name_fold, w.name_plain AS name_plain, m.role AS role,
    w.time_zone AS time_zone, w.time_zone_fold AS time_zone_fold, w.country AS country, w.country_fold AS country_fold,
    w.plan AS plan, w.version AS version, w.created_at AS created_at
  FROM members m JOIN workspaces w ON w.number = m.workspace_id;
