-- What only PostgreSQL has: the function that compiled queries call, see query/functions.go, and the head of what belongs to
-- no workspace.
CREATE OR REPLACE FUNCTION text_contains(whole TEXT, part TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT POSITION(part IN whole) > 0 $$;
INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES (0, 'storage', 0, 0, 0, 0) ON CONFLICT DO NOTHING;

-- The pattern of LIKE that matches the texts with a part. A backslash keeps the signs of LIKE from having a meaning.
CREATE OR REPLACE FUNCTION like_part(part TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT '%' || REPLACE(REPLACE(REPLACE(part, CHR(92), CHR(92) || CHR(92)), '%', CHR(92) || '%'), '_', CHR(92) || '_') || '%' $$;
