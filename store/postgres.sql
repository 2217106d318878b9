-- What only PostgreSQL has: the function that compiled queries call, see query/functions.go, and the head of what belongs to
-- no workspace.
CREATE OR REPLACE FUNCTION text_contains(whole TEXT, part TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$ SELECT POSITION(part IN whole) > 0 $$;
INSERT INTO usage (workspace_id, kind, last, n, latest, astray) VALUES (0, 'storage', 0, 0, 0, 0) ON CONFLICT DO NOTHING;
