-- The words of package engine that are functions. They are written so that PostgreSQL puts their body into the statement.
CREATE OR REPLACE FUNCTION keys_of(list TEXT) RETURNS TABLE (value BIGINT) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100
  AS $$ SELECT e::BIGINT FROM jsonb_array_elements_text(list::jsonb) e $$;
CREATE OR REPLACE FUNCTION items_of(list TEXT) RETURNS TABLE (value TEXT) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5
  AS $$ SELECT e COLLATE "C" FROM jsonb_array_elements_text(COALESCE(list, '[]')::jsonb) e $$;
CREATE OR REPLACE FUNCTION pairs_of(object TEXT) RETURNS TABLE (key TEXT, value BIGINT) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
  AS $$ SELECT e.key COLLATE "C", e.value::BIGINT FROM jsonb_each_text(object::jsonb) e $$;
CREATE OR REPLACE FUNCTION rows_of(list TEXT) RETURNS TABLE (value JSONB) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
  AS $$ SELECT e FROM jsonb_array_elements(list::jsonb) e $$;
