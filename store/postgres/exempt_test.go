package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// exempt counts the sessions of a database that read without asking.
func exempt(t *testing.T, address string) int {
	t.Helper()
	return len(query(t, address, "SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"))
}

// reading is sessions of a server that read all the time.
type reading struct {
	stop    chan struct{}
	running sync.WaitGroup
	reads   [6]atomic.Int64
	refused atomic.Int64
	foreign atomic.Int64 // reads of a value that only newer programs understand
}

// startReading has sessions read until end is called. Every second one reads in transactions.
func startReading(t *testing.T, db *DB) *reading {
	r := &reading{stop: make(chan struct{})}
	for i := range r.reads {
		c, err := db.Reader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		read := readName
		if i%2 == 1 {
			read = readNameWithin
		}
		r.running.Go(func() {
			defer c.Close()
			for {
				select {
				case <-r.stop:
					return
				default:
					name, err := read(c)
					r.note(t, name, err)
					r.reads[i].Add(1)
				}
			}
		})
	}
	return r
}

// readName reads the value.
func readName(c engine.Conn) (name string, err error) {
	err = c.Row("SELECT name FROM users", nil, &name)
	return name, err
}

// readNameWithin reads the value in a transaction.
func readNameWithin(c engine.Conn) (name string, err error) {
	if err := c.BeginRead(); err != nil {
		return "", err
	}
	name, err = readName(c)
	return name, errors.Join(err, c.Rollback())
}

// note counts the result of a read. A session that is ended says that it was lost.
func (r *reading) note(t *testing.T, name string, err error) {
	var lost *lostError
	switch {
	case isRefusal(err):
		r.refused.Add(1)
	case err != nil && !broke(err) && !errors.As(err, &lost):
		t.Errorf("a read: %v", err)
	case err == nil && name != "n":
		r.foreign.Add(1)
	}
}

// wait waits until each session has read some more times.
func (r *reading) wait() {
	for i := range r.reads {
		for goal := r.reads[i].Load() + 5; r.reads[i].Load() < goal; {
			continue
		}
	}
}

// end ends the sessions.
func (r *reading) end() {
	close(r.stop)
	r.running.Wait()
}

// TestNoReadIsOfANewerSchema changes the meaning of a value by an upgrade, while sessions read it, some
// of them in transactions. No read has the new value, and none of the sessions goes on.
func TestNoReadIsOfANewerSchema(t *testing.T) {
	for _, mode := range []string{"", "&default_query_exec_mode=exec"} {
		address := pgtest.Database(t)
		old := opened(t, address+mode, 2)
		query(t, address, "INSERT INTO users (number, name) VALUES (1, 'n')", "SELECT 'done'")
		r := startReading(t, old)
		r.wait()
		if n := exempt(t, address); (n >= len(r.reads)/2) != (mode == "") {
			t.Errorf("with %q %d sessions read without asking", mode, n)
		}
		options := optionsWith(address, 3)
		options.Migrations[0].(fstest.MapFS)["migrations/0004_meaning.sql"] = &fstest.MapFile{Data: []byte("UPDATE users SET name = 'v2:' || name;\n")}
		newer, err := Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		r.wait()
		r.end()
		_ = newer.Close()
		if r.foreign.Load() > 0 || r.refused.Load() < int64(len(r.reads)) {
			t.Errorf("with %q %d reads had the new value, and %d were refused", mode, r.foreign.Load(), r.refused.Load())
		}
	}
}

// TestHarmlessUpgradesEndNoReads upgrades a database by a step that its servers can go on after: no
// session of theirs is ended.
func TestHarmlessUpgradesEndNoReads(t *testing.T) {
	address := pgtest.Database(t)
	old := opened(t, address, 2)
	query(t, address, "INSERT INTO users (number, name) VALUES (1, 'n')", "SELECT 'done'")
	c, err := old.Reader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	name, err := readName(c)
	must(t, err)
	dials := old.Connects()
	opened(t, address, 3)
	again, err := readNameWithin(c)
	if err != nil || again != name || old.Connects() != dials || exempt(t, address) != 1 {
		t.Errorf("a server that can go on: %q %v, %d connections more, %d exempt", again, err, old.Connects()-dials, exempt(t, address))
	}
}

// TestSchemasOfOneDatabaseAreApart upgrades one of two crmkits that have schemas of their own in one
// database. The sessions of the other go on.
func TestSchemasOfOneDatabaseAreApart(t *testing.T) {
	address := pgtest.Database(t)
	query(t, address, "CREATE SCHEMA a", "CREATE SCHEMA b", "SELECT 'done'")
	var dbs []*DB
	var conns []engine.Conn
	for _, schema := range []string{"a", "b"} {
		db := opened(t, address+"&search_path="+schema, 2)
		query(t, address, "INSERT INTO "+schema+".users (number, name) VALUES (1, 'n')", "SELECT 'done'")
		c, err := db.Reader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = readName(c)
		must(t, err)
		dbs, conns = append(dbs, db), append(conns, c)
	}
	dials := dbs[1].Connects()
	opened(t, address+"&search_path=a", 4)
	if _, err := readName(conns[0]); !isRefusal(err) {
		t.Errorf("the old server of the upgraded schema reads: %v", err)
	}
	if name, err := readName(conns[1]); err != nil || name != "n" || dbs[1].Connects() != dials {
		t.Errorf("the server of the other schema: %q %v, %d connections more", name, err, dbs[1].Connects()-dials)
	}
}

// TestReadsOfAnotherRoleAreNamed upgrades a database that a session of the administrator reads, which
// the role of the upgrade cannot end.
func TestReadsOfAnotherRoleAreNamed(t *testing.T) {
	address := pgtest.Database(t)
	old := opened(t, address, 2)
	query(t, address, "INSERT INTO users (number, name) VALUES (1, 'n')", "SELECT 'done'")
	admin, err := newDB(optionsWith(pgtest.Shared(t).AdminURL(strings.TrimPrefix(old.config.Database, "/")), 2))
	must(t, err)
	admin.known = 2
	c := newConn(admin)
	c.reads = true
	defer c.Close()
	_, err = readName(c)
	must(t, err)
	_, err = Open(context.Background(), optionsWith(address, 4))
	if err == nil || !strings.Contains(err.Error(), "cannot be ended; stop these servers first") {
		t.Errorf("an upgrade beside a session of another role: %v", err)
	}
	if got := fmt.Sprint(query(t, address, "SELECT MAX(number)::text FROM migrations")); got != "[2]" {
		t.Errorf("the schema is %s", got)
	}
}

// TestLostRollbacks ends the session of a transaction that has read what it wanted. That is no error of the
// read, and the next one has another session.
func TestLostRollbacks(t *testing.T) {
	address := pgtest.Database(t)
	db := opened(t, address, 2)
	query(t, address, "INSERT INTO users (number, name) VALUES (1, 'n')", "SELECT 'done'")
	c, err := db.Reader(t.Context())
	must(t, err)
	defer c.Close()
	must(t, c.BeginRead())
	name, err := readName(c)
	pgtest.Shared(t).TerminateBackends(t, address)
	if failed := c.Rollback(); err != nil || failed != nil || name != "n" {
		t.Errorf("%q %v, at the end %v", name, err, failed)
	}
	if name, err := readNameWithin(c); err != nil || name != "n" {
		t.Errorf("the next read: %q %v", name, err)
	}
}
