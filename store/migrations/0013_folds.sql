-- A folded form that repeats its value is left out. Those that stay are in an index, or of a field that is always set.

UPDATE companies SET
  owner_fold = NULLIF(owner_fold, owner), notes_fold = NULLIF(notes_fold, notes)
  WHERE owner_fold = owner OR notes_fold = notes;
UPDATE contacts SET
  stage_fold = NULLIF(stage_fold, stage), owner_fold = NULLIF(owner_fold, owner),
  follow_up_note_fold = NULLIF(follow_up_note_fold, follow_up_note), notes_fold = NULLIF(notes_fold, notes)
  WHERE stage_fold = stage OR owner_fold = owner OR follow_up_note_fold = follow_up_note OR notes_fold = notes;
UPDATE deals SET
  stage_fold = NULLIF(stage_fold, stage), owner_fold = NULLIF(owner_fold, owner),
  follow_up_note_fold = NULLIF(follow_up_note_fold, follow_up_note), notes_fold = NULLIF(notes_fold, notes)
  WHERE stage_fold = stage OR owner_fold = owner OR follow_up_note_fold = follow_up_note OR notes_fold = notes;
UPDATE tickets SET
  content_fold = NULLIF(content_fold, content), assignee_fold = NULLIF(assignee_fold, assignee)
  WHERE content_fold = content OR assignee_fold = assignee;
UPDATE tasks SET
  assignee_fold = NULLIF(assignee_fold, assignee), notes_fold = NULLIF(notes_fold, notes)
  WHERE assignee_fold = assignee OR notes_fold = notes;
UPDATE campaigns SET description_fold = NULL WHERE description_fold = description;
UPDATE campaign_members SET reason_fold = NULL WHERE reason_fold = reason;
