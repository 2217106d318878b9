package store_test

import (
	"errors"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"crmkit/store"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest"
)

// TestConfigurations runs the suite on each engine and with each part of memory switched off:
// answers depend on neither.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	file := func(change func(*store.Caches)) func(t *testing.T) store.Options {
		return func(t *testing.T) store.Options {
			caches := store.DefaultCaches()
			change(caches)
			return store.Options{Path: filepath.Join(t.TempDir(), "crmkit.db"), Caches: caches}
		}
	}
	for name, configure := range map[string]func(t *testing.T) store.Options{
		"postgres":                 atPostgres(""),
		"postgres, exec":           atPostgres("&default_query_exec_mode=exec"),
		"postgres, statements":     atPostgres("&default_query_exec_mode=cache_statement"),
		"postgres, descriptions":   atPostgres("&default_query_exec_mode=cache_describe"),
		"postgres, simple":         atPostgres("&default_query_exec_mode=simple_protocol"),
		"postgres, another schema": inSchema,

		"memory":               func(*testing.T) store.Options { return store.Options{Path: store.Memory} },
		"file":                 file(func(*store.Caches) {}),
		"file without search":  file(func(c *store.Caches) { c.Search = 0 }),
		"file without records": file(func(c *store.Caches) { c.Records = 0 }),
		"file without counts":  file(func(c *store.Caches) { c.Counts = 0 }),
		"file without memory":  file(func(c *store.Caches) { *c = store.Caches{} }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, configure)
		})
	}
	t.Run("pooler", throughPooler)
}

// throughPooler runs the suite through PgBouncer in transaction mode with one connection to the server,
// so that a read or a write which needed a second one would wait for ever.
func throughPooler(t *testing.T) {
	pooler := pgtest.Shared(t).Pooler(t, 1)
	for name, parameters := range map[string]string{"exec": "", "simple": "&default_query_exec_mode=simple_protocol"} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Options {
				return store.Options{Path: pgtest.Through(store.Postgres(t), pooler) + parameters}
			})
		})
	}
}

// atPostgres returns a function that makes a database of PostgreSQL, whose address has further
// parameters.
func atPostgres(parameters string) func(t *testing.T) store.Options {
	return func(t *testing.T) store.Options { return store.Options{Path: store.Postgres(t) + parameters} }
}

// inSchema makes a database whose tables are in a schema of their own, which the address names.
func inSchema(t *testing.T) store.Options {
	address := pgtest.Database(t)
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_, err = conn.Exec(t.Context(), `CREATE SCHEMA "Sales team"`)
		err = errors.Join(err, conn.Close(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	return store.Options{Path: address + "&search_path=" + url.PathEscape(`"Sales team"`)}
}
