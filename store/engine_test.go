package store

import (
	"flag"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/storetest/kit"
)

// engines runs a test on each engine: on a file with all caches, in memory without caches, where
// SQLite returns unordered rows in reverse, and on PostgreSQL. Answers must not depend on any of
// these.
func engines(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	enginesWith(t, Options{}, test)
}

// enginesWith is engines with further options.
func enginesWith(t *testing.T, opts Options, test func(t *testing.T, f *fixture)) {
	t.Helper()
	onPlaces(t, opts, test, "file", "memory", "postgres")
}

// onDisk is engines without SQLite in memory, for tests that read while a write runs, or that open the
// database again.
func onDisk(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	onPlaces(t, Options{}, test, "file", "postgres")
}

// onSQLite is engines without PostgreSQL, for tests of what SQLite does.
func onSQLite(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	onPlaces(t, Options{}, test, "file", "memory")
}

// onPostgres runs a test on PostgreSQL alone.
func onPostgres(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	onPlaces(t, Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}, test, "postgres")
}

// places are the engines by name, each with a function that returns the Path of a new database.
var places = map[string]func(t *testing.T) string{"file": pathOfFile, "memory": func(*testing.T) string { return Memory }, "postgres": Postgres}

// onPlaces runs a test on some of places.
func onPlaces(t *testing.T, opts Options, test func(t *testing.T, f *fixture), names ...string) {
	t.Helper()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			opts := opts
			opts.Path = places[name](t)
			test(t, openWith(t, kit.NewClock(), opts))
		})
	}
}

func pathOfFile(t *testing.T) string { return filepath.Join(t.TempDir(), "crmkit.db") }

// Postgres returns the address of a new database of PostgreSQL, which has the schema.
func Postgres(t *testing.T) string {
	t.Helper()
	return pgtest.Shared(t).DatabaseFrom(t, "store", func(address string) error {
		return Upgrade(t.Context(), Options{Path: address})
	})
}

func onFile(t *testing.T) *fixture {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "crmkit.db"))
}

func openAt(t *testing.T, path string) *fixture {
	t.Helper()
	return openWith(t, kit.NewClock(), Options{Path: path})
}

// cached opens a store in memory with all caches.
func cached(t *testing.T) *fixture {
	t.Helper()
	return openWith(t, kit.NewClock(), Options{Path: Memory, Caches: DefaultCaches()})
}

func openWith(t *testing.T, c *kit.Clock, opts Options) *fixture {
	t.Helper()
	if opts.Clock == nil {
		opts.Schema, opts.Clock, opts.Rand = builtin(t), c.Now, rand.NewChaCha8([32]byte{1})
	}
	if opts.MaxWrite == 0 {
		opts.MaxWrite = time.Minute // a loaded machine must not fail a write; tests of the limit set their own
	}
	bare := opts.Path == Memory && opts.Caches == nil
	if bare {
		opts.Caches = &Caches{}
	}
	f := &fixture{t: t, clock: c}
	f.tuning.Connected = func(conn engine.Conn) error {
		f.conns = append(f.conns, conn)
		if opts.Shared() || !bare && !*reversed {
			return nil
		}
		// Rows for which a statement names no order are returned last first.
		_, err := conn.Exec("PRAGMA reverse_unordered_selects = 1")
		return err
	}
	opts.tuning = &f.tuning
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f.Store, f.opts = s, opts
	return f
}

// reversed makes SQLite return unordered rows in reverse from files too.
var reversed = flag.Bool("reversed", false, "have SQLite return the rows of unordered statements in reverse")

// writes returns one of the connections that write. It serves the test while no write runs.
func (f *fixture) writes() engine.Conn { return f.conns[len(f.conns)-1] }

// writerOf returns the connection that writes to the workspace of an actor. It serves the test while
// no write runs.
func (f *fixture) writerOf(actor crm.Actor) engine.Conn {
	writers := f.conns[len(f.conns)-f.db.Writers():]
	return writers[actor.Workspace%int64(len(writers))]
}

// emptyCaches empties the caches and the text index.
func (f *fixture) emptyCaches() {
	f.cache.Clear()
	f.indexes.Clear()
}
