package store

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"crmkit/store/sqlite"
)

// engines runs a test on a file, with all caches, and in memory, with none and where
// unordered rows come last first: what a store answers depends on neither.
func engines(t *testing.T, test func(t *testing.T, f *fixture)) {
	t.Helper()
	t.Run("file", func(t *testing.T) { test(t, onFile(t)) })
	t.Run("memory", func(t *testing.T) { test(t, openAt(t, Memory)) })
}

func onFile(t *testing.T) *fixture {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "crmkit.db"))
}

func openAt(t *testing.T, path string) *fixture {
	t.Helper()
	return openWith(t, newClock(), Options{Path: path})
}

// cached opens a store in memory that has all caches.
func cached(t *testing.T) *fixture {
	t.Helper()
	return openWith(t, newClock(), Options{Path: Memory, Caches: DefaultCaches()})
}

func openWith(t *testing.T, c *clock, opts Options) *fixture {
	t.Helper()
	if opts.Clock == nil {
		opts.Schema, opts.Clock, opts.Rand = builtin(t), c.Now, rand.NewChaCha8([32]byte{1})
	}
	if opts.MaxWrite == 0 {
		opts.MaxWrite = time.Minute // of a busy machine; tests of the limit set their own
	}
	bare := opts.Path == Memory && opts.Caches == nil
	if bare {
		opts.Caches = &Caches{}
	}
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f := &fixture{Store: s, t: t, clock: c, opts: opts}
	if bare || *reversed {
		f.reverse()
	}
	return f
}

// reversed has the engine return unordered rows last first also from files.
var reversed = flag.Bool("reversed", false, "have SQLite return the rows of unordered statements in reverse")

// reverse has the engine return rows for which a statement names no order last first.
func (f *fixture) reverse() {
	f.t.Helper()
	conns := []*sqlite.Conn{f.writer.conn}
	for range cap(f.readers) {
		r := <-f.readers
		conns = append(conns, r)
		defer func() { f.readers <- r }()
	}
	for _, conn := range conns {
		if _, err := conn.Exec("PRAGMA reverse_unordered_selects = 1"); err != nil {
			f.t.Fatal(err)
		}
	}
}
