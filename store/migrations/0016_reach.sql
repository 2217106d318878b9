-- Which workspaces a token may go to: one, its own; or all of its user's, where the person who signed in for it said so.

ALTER TABLE tokens ADD COLUMN reach TEXT NOT NULL DEFAULT 'one';
UPDATE tokens SET reach = 'all' WHERE origin IN ('code', 'owner');

ALTER TABLE oauth_grants ADD COLUMN reach TEXT NOT NULL DEFAULT 'one';
