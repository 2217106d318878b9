-- Since when a contact or a deal is in its stage, and the pipeline that the stage is of. Records from before have no stage_since, because the
-- time is not known.

ALTER TABLE contacts ADD COLUMN pipeline TEXT;
ALTER TABLE contacts ADD COLUMN pipeline_fold TEXT;
ALTER TABLE contacts ADD COLUMN pipeline_plain TEXT;
ALTER TABLE contacts ADD COLUMN stage_since BIGINT;

ALTER TABLE deals ADD COLUMN pipeline TEXT;
ALTER TABLE deals ADD COLUMN pipeline_fold TEXT;
ALTER TABLE deals ADD COLUMN pipeline_plain TEXT;
ALTER TABLE deals ADD COLUMN stage_since BIGINT;

-- In which stages a contact or a deal was, numbered for each record. entered_at is NULL if it is not known, left_at while the record is
-- there. The rows follow from the log; they are kept so that a report about thousands of records reads no log.
CREATE TABLE stage_visits (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  record BIGINT NOT NULL,
  n BIGINT NOT NULL,
  pipeline TEXT,
  stage TEXT NOT NULL,
  entered_at BIGINT,
  left_at BIGINT,
  actor TEXT NOT NULL,
  PRIMARY KEY (workspace_id, kind, record, n)
) STRICT, CLUSTERED;
CREATE INDEX stage_visits_stage ON stage_visits (workspace_id, kind, stage, entered_at);

INSERT INTO stage_visits (workspace_id, kind, record, n, stage, actor)
  SELECT workspace_id, 'contact', key, 1, stage, updated_by FROM contacts WHERE stage IS NOT NULL;
INSERT INTO stage_visits (workspace_id, kind, record, n, stage, actor)
  SELECT workspace_id, 'deal', key, 1, stage, updated_by FROM deals WHERE stage IS NOT NULL;
