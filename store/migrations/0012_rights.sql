-- What ends with a membership besides tokens: codes that confirm actions in the workspace, and sign-ins on the page from before it began.

-- workspace_id is where the action would happen that a code confirms; 0: the code signs in.
ALTER TABLE codes ADD COLUMN workspace_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX codes_workspace ON codes (workspace_id, email) WHERE workspace_id <> 0;

-- verified_at is when the code was right. Memberships that began later need a sign-in of their own.
ALTER TABLE oauth_requests ADD COLUMN verified_at BIGINT NOT NULL DEFAULT 0;
UPDATE oauth_requests SET email = '', verified = 0 WHERE verified = 1;

CREATE INDEX oauth_grants_user ON oauth_grants (user_id, workspace_id);
