package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// steps are the migrations of a small program. Servers that know two can go on after the third.
var steps = []string{
	"CREATE TABLE users (number BIGINT PRIMARY KEY, name TEXT NOT NULL) STRICT;\nINSERT INTO users (number, name) VALUES (1, 'of SQLite alone');\n",
	"CREATE TABLE heads (workspace_id BIGINT PRIMARY KEY, n BIGINT NOT NULL REFERENCES users (number)) STRICT, CLUSTERED;\n",
	"-- Servers of schema 2 can go on.\nALTER TABLE users ADD COLUMN country TEXT;\n",
	"ALTER TABLE users RENAME COLUMN name TO title;\n",
}

// optionsWith returns the options of a program that knows the first migrations.
func optionsWith(address string, known int) Options {
	files := fstest.MapFS{}
	for i, text := range steps[:known] {
		files[fmt.Sprintf("migrations/%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte(text)}
	}
	return Options{
		Address: address, Migrations: []fs.FS{files}, LockAll: "LOCK TABLE users IN EXCLUSIVE MODE",
		Heads:      "SELECT workspace_id FROM heads WHERE workspace_id IN (SELECT value FROM keys_of($1)) ORDER BY workspace_id",
		CountHeads: "SELECT COUNT(*) FROM heads WHERE workspace_id IN (SELECT value FROM keys_of($1))",
	}
}

// opened opens a database with a program that knows the first migrations, until the end of the test.
func opened(t *testing.T, address string, known int) *DB {
	t.Helper()
	db, err := Open(t.Context(), optionsWith(address, known))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// query runs statements, and returns the column of the last.
func query(t *testing.T, address string, texts ...string) (list []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, text := range texts {
		rows, err := conn.Query(t.Context(), text)
		if err == nil {
			list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (text string, err error) { return text, row.Scan(&text) })
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return list
}

// wantRefused checks that a program that knows the first migrations refuses a database with words.
func wantRefused(t *testing.T, address string, known int, words ...string) {
	t.Helper()
	db, err := Open(t.Context(), optionsWith(address, known))
	if err == nil {
		_ = db.Close()
		t.Fatalf("the database is opened; want %q", words)
	}
	for _, word := range append(words, "127.0.0.1") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), pgtest.Password) {
		t.Errorf("the password is in the error: %v", err)
	}
}

// TestServersMigrateAtOnce has many servers of two versions open a database at the same time that has no
// schema, an old one, or the newest. Each migration runs once.
func TestServersMigrateAtOnce(t *testing.T) {
	for round := range 6 {
		address := pgtest.Database(t)
		if round%3 == 1 {
			opened(t, address, 1)
		}
		if round%3 == 2 {
			opened(t, address, 3)
		}
		var opening sync.WaitGroup
		for i := range 10 {
			opening.Go(func() {
				db, err := Open(context.Background(), optionsWith(address, 3-i%2))
				if err == nil {
					c := db.Writers()[0]
					err = errors.Join(c.BeginWrite([]int64{0}), c.Commit(), db.Close())
				}
				if err != nil {
					t.Errorf("round %d, server %d: %v", round, i, err)
				}
			})
		}
		opening.Wait()
		if got := fmt.Sprint(query(t, address, "SELECT number || ' ' || name || ' ' || needs FROM migrations ORDER BY number")); got != "[0 functions 0 1 0001_step.sql 1 2 0002_step.sql 2 3 0003_step.sql 2]" {
			t.Errorf("the migrations are %s", got)
		}
		if rows := query(t, address, "SELECT name FROM users"); len(rows) > 0 {
			t.Errorf("statements that change rows ran: %q", rows)
		}
	}
}

// TestAnOlderServer upgrades a database that an older server uses: by a step after which it can go on,
// and by one after which it must not.
func TestAnOlderServer(t *testing.T) {
	address := pgtest.Database(t)
	old := opened(t, address, 2)
	writes := func(when string) error {
		c := old.Writers()[1]
		err := c.BeginWrite([]int64{0})
		if err == nil {
			err = errors.Join(c.Send("INSERT INTO users (number, name) VALUES ($1, $2)", len(when), when), c.Commit())
		}
		return err
	}
	if err := writes("before"); err != nil {
		t.Fatal(err)
	}
	opened(t, address, 3)
	if err := writes("after a step for both"); err != nil {
		t.Error(err)
	}
	opened(t, address, 2)
	opened(t, address, 4)
	err := writes("after a step for new servers alone")
	if !isRefusal(err) || !strings.Contains(err.Error(), "which knows schema 2") || old.Fault(err) != engine.Machine {
		t.Errorf("an older server writes: %v", err)
	}
	reader, err := old.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := readTitle(reader); !isRefusal(err) {
		t.Errorf("an older server reads: %v", err)
	}
	if err := errors.Join(reader.BeginRead(), readTitle(reader)); !isRefusal(err) {
		t.Errorf("an older server reads in a transaction: %v", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Error(err)
	}
	wantRefused(t, address, 2, "upgraded by a newer crmkit (schema 4)", "which knows 2", "upgrade the binary")
	wantRefused(t, address, 3, "which knows 3")
	if rows := fmt.Sprint(query(t, address, "SELECT title FROM users ORDER BY number")); rows != "[before after a step for both]" {
		t.Errorf("the table has %s", rows)
	}
}

// isRefusal reports whether a program must not use a database.
func isRefusal(err error) bool {
	var refused *engine.RefusedError
	return errors.As(err, &refused)
}

// readTitle reads a column that no schema has had from the first one on.
func readTitle(c engine.Conn) error {
	var title string
	_, err := engine.Found(c.Row("SELECT title FROM users", nil, &title))
	return err
}

// TestUpgradesWaitForWrites begins an upgrade while a transaction writes. It waits for the end of that
// one, and further transactions wait for the upgrade.
func TestUpgradesWaitForWrites(t *testing.T) {
	address := pgtest.Database(t)
	old := opened(t, address, 2)
	query(t, address, "INSERT INTO users (number, name) VALUES (1, 'n')", "INSERT INTO heads (workspace_id, n) VALUES (7, 1)", "SELECT 'done'")
	options := optionsWith(address, 4)
	options.LockAll = "LOCK TABLE heads IN EXCLUSIVE MODE"
	first, second := old.Writers()[0], old.Writers()[1]
	if err := first.BeginWrite([]int64{7}); err != nil {
		t.Fatal(err)
	}
	upgraded, later := make(chan error, 1), make(chan error, 1)
	go func() {
		db, err := Open(context.Background(), options)
		if err == nil {
			err = db.Close()
		}
		upgraded <- err
	}()
	for len(query(t, address, "SELECT pid::text FROM pg_locks WHERE NOT granted AND mode = 'ExclusiveLock'")) == 0 {
		select {
		case err := <-upgraded:
			t.Fatalf("the upgrade does not wait: %v", err)
		default:
		}
	}
	go func() {
		var held *engine.HeldError
		err := second.BeginWrite([]int64{7})
		for ; errors.As(err, &held); err = second.BeginWrite([]int64{7}) { // the machine is slow
		}
		later <- err
	}()
	if err := errors.Join(first.Send("UPDATE users SET name = 'm'"), first.Commit()); err != nil {
		t.Error(err)
	}
	if err := <-upgraded; err != nil {
		t.Error(err)
	}
	if err := <-later; !isRefusal(err) {
		t.Errorf("a write that waited for the upgrade: %v", err)
	}
}

// TestUpgradesTakeTheirTime checks that the statements of a migration may take longer than others.
func TestUpgradesTakeTheirTime(t *testing.T) {
	for _, mode := range []string{"", "&default_query_exec_mode=exec"} {
		options := optionsWith(pgtest.Database(t)+mode, 2)
		options.Migrations[0].(fstest.MapFS)["migrations/0003_slow.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE timeouts AS SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout')\n")}
		db, err := Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if got := fmt.Sprint(query(t, options.Address, "SELECT name || ' ' || setting FROM timeouts ORDER BY name")); got != "[lock_timeout 15000 statement_timeout 0]" {
			t.Errorf("a migration runs with %s", got)
		}
		c := db.Writers()[0]
		var limit string
		must(t, errors.Join(c.BeginWrite([]int64{0}), c.Row("SHOW statement_timeout", nil, &limit), c.Rollback()))
		if limit != "30s" {
			t.Errorf("a write after it runs with %s", limit)
		}
	}
}

// TestPoolersKeepTheirSessions opens a database through a pooler with one connection. The session of the
// server, which other programs get too, has no setting of this program.
func TestPoolersKeepTheirSessions(t *testing.T) {
	address := pgtest.Through(pgtest.Database(t), pgtest.Shared(t).Pooler(t, 1))
	db := opened(t, address, 2)
	for _, c := range db.Writers() {
		must(t, errors.Join(c.BeginWrite([]int64{0}), c.Send("INSERT INTO users (number, name) VALUES ($1, 'n')", rand.Int64()), c.Commit()))
	}
	got := query(t, address+"&default_query_exec_mode=exec", "SELECT name || ' ' || setting FROM pg_settings WHERE source = 'session' AND name NOT IN ('client_encoding', 'application_name')")
	if len(got) > 0 {
		t.Errorf("the session of the pooler has %q", got)
	}
}

// TestForeignDatabases opens databases that are of other programs, or have another history. They are
// refused, and not changed.
func TestForeignDatabases(t *testing.T) {
	for name, c := range map[string]struct {
		texts []string
		words string
	}{
		"tables of another program":             {[]string{"CREATE TABLE contacts (name text)"}, "has tables of another program in the schema \"public\"; make a database of its own: CREATE DATABASE crm"},
		"a view of another program":             {[]string{"CREATE VIEW users AS SELECT 1"}, "has tables of another program"},
		"migrations of another program":         {[]string{"CREATE TABLE migrations (version text)"}, "has a table migrations of another program in the schema \"public\""},
		"migrations of another program, filled": {[]string{"CREATE TABLE migrations (number text, checksum text, needs text)", "INSERT INTO migrations VALUES ('v1', 'x', 'y')"}, "has a table migrations of another program"},
	} {
		t.Run(name, func(t *testing.T) {
			address := pgtest.Database(t)
			query(t, address, c.texts...)
			wantRefused(t, address, 2, c.words)
			if tables := query(t, address, "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"); len(tables) != 1 {
				t.Errorf("after that there are %q", tables)
			}
		})
	}
	t.Run("another history", func(t *testing.T) {
		address := pgtest.Database(t)
		opened(t, address, 3)
		query(t, address, "UPDATE migrations SET checksum = 'other' WHERE number = 2")
		wantRefused(t, address, 3, "migration 0002_step.sql differs from the one this database was made with")
	})
	t.Run("a migration that fails", func(t *testing.T) {
		address := pgtest.Database(t)
		opened(t, address, 2)
		query(t, address, "ALTER TABLE users ADD COLUMN country TEXT")
		wantRefused(t, address, 4, "migration 0003_step.sql", "already exists")
		opened(t, address, 2)
	})
}

// TestServersOfNoUse opens databases that the program cannot use.
func TestServersOfNoUse(t *testing.T) {
	cluster := pgtest.Shared(t)
	t.Run("another encoding", func(t *testing.T) {
		cluster.Exec(t, "CREATE DATABASE latin OWNER "+pgtest.User+" TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'")
		t.Cleanup(func() { cluster.Exec(t, "DROP DATABASE latin WITH (FORCE)") })
		wantRefused(t, pointedAt(t, pgtest.Database(t), "latin"), 2, "stores texts as LATIN1", "ENCODING 'UTF8'")
	})
	t.Run("no database", func(t *testing.T) {
		wantRefused(t, pointedAt(t, pgtest.Database(t), "none"), 2, `database "none" does not exist`)
	})
	t.Run("a wrong password", func(t *testing.T) {
		wantRefused(t, strings.Replace(pgtest.Database(t), pgtest.Password, "wrong", 1), 2, "password authentication failed")
	})
	t.Run("no server", func(t *testing.T) {
		wantRefused(t, pgtest.Through(pgtest.Database(t), "127.0.0.1:1"), 2, "connection refused")
	})
	t.Run("no schema", func(t *testing.T) {
		wantRefused(t, pgtest.Database(t)+"&search_path=nowhere", 2, "the user may use no schema of the search_path", "CREATE SCHEMA crmkit")
	})
	t.Run("no right to create", func(t *testing.T) {
		address := pgtest.Database(t)
		cluster.Exec(t, "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD '"+pgtest.Password+"'")
		wantRefused(t, strings.Replace(address, "//"+pgtest.User+":", "//reader:", 1), 2, "permission denied for schema public")
	})
}

// TestRolesWithAnotherEncoding has a role whose sessions have another encoding. Texts are stored as they
// are.
func TestRolesWithAnotherEncoding(t *testing.T) {
	address := pgtest.Database(t)
	query(t, address, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET client_encoding = LATIN1', current_database()); END $$")
	const name = "Ärger 日本"
	for _, mode := range []string{"", "&default_query_exec_mode=exec", "&default_query_exec_mode=simple_protocol"} {
		db := opened(t, address+mode, 1)
		c := db.Writers()[0]
		if _, err := c.Exec("INSERT INTO users (number, name) VALUES ($1, $2)", 1, name); err != nil {
			t.Fatal(err)
		}
		var got string
		var length int
		must(t, c.Row("DELETE FROM users RETURNING name, LENGTH(name)", nil, &got, &length))
		if got != name || length != 8 {
			t.Errorf("with %q %q is stored as %q of %d letters", mode, name, got, length)
		}
	}
}

// pointedAt returns the URL of another database of the same cluster.
func pointedAt(t *testing.T, address, database string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + database
	return u.String()
}

// TestStandbysAreRefused opens a standby, and the same cluster with the addresses of both.
func TestStandbysAreRefused(t *testing.T) {
	primary := pgtest.New(t, pgtest.Options{})
	address := primary.Database(t)
	standby := primary.Standby(t)
	wantRefused(t, pgtest.Through(address, standby.Address()), 2, "is a standby, which takes no writes", "target_session_attrs=read-write")
	both := strings.Replace(address, primary.Address(), standby.Address()+","+primary.Address(), 1) + "&target_session_attrs=read-write"
	opened(t, both, 2)
}

// TestSchemas has two programs in two schemas of one database. Neither sees the other.
func TestSchemas(t *testing.T) {
	address := pgtest.Database(t)
	query(t, address, `CREATE SCHEMA one`, `CREATE SCHEMA "Sales ""team"""`)
	var list []*DB
	for _, schema := range []string{"one", `"Sales ""team"""`} {
		db := opened(t, address+"&search_path="+url.PathEscape(schema), 3)
		c := db.Writers()[0]
		must(t, errors.Join(c.BeginWrite([]int64{0}), c.Send("INSERT INTO users (number, name) VALUES (1, $1)", schema), c.Commit()))
		list = append(list, db)
	}
	opened(t, address, 2) // in the schema public
	for i, db := range list {
		// The subquery has the name of the table, which only its schema leads to.
		names, err := db.Writers()[1].Texts(t.Context(), "WITH users AS (SELECT 'hidden') SELECT name FROM main.users")
		if err != nil || len(names) != 1 || names[0] != []string{"one", `"Sales ""team"""`}[i] {
			t.Errorf("schema %d has the rows %q: %v", i, names, err)
		}
	}
	if rows := query(t, address, "SELECT count(*)::text FROM public.users"); rows[0] != "0" {
		t.Errorf("%s rows are in the schema public", rows[0])
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
