-- What else imports refer to by its name is found by an index, like contacts and companies.

CREATE INDEX deals_title ON deals (workspace_id, title_fold);
CREATE INDEX tickets_subject ON tickets (workspace_id, subject_fold);
CREATE INDEX campaigns_name ON campaigns (workspace_id, name_fold);
