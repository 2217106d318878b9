-- A record that was merged into another one leads to it for ever.

-- winner is the record that has its values now: when that one is merged too, the row changes with it. created_at is when the
-- merged record was made, by which an import of an old file knows it. A row of cascades with gone = 2 is a merge whose
-- references still have to follow.
CREATE TABLE merged (
  workspace_id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  record BIGINT NOT NULL,
  winner BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, kind, record)
) STRICT, CLUSTERED;
CREATE INDEX merged_winner ON merged (workspace_id, winner);

-- Any write may have a confirmation now, and it is kept for a day once it is used. Those of a user are counted, and those of a
-- workspace deleted.
CREATE INDEX confirmations_user ON confirmations (workspace_id, user_id);
