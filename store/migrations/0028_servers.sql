-- What several servers of one database share: the code that the page of a sign-in shows where no mail is sent.
-- Servers of schema 27 can go on.

ALTER TABLE oauth_requests ADD COLUMN shown TEXT NOT NULL DEFAULT '';
