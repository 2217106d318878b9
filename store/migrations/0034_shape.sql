-- The version of what a workspace declares about its records; 0: it has declared nothing. Each write of a declaration increases it, and each
-- write of a record compares it.

ALTER TABLE workspaces ADD COLUMN shape BIGINT NOT NULL DEFAULT 0;
