package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"crmkit/store/engine"
	"crmkit/store/storetest/kit"
	"crmkit/store/txn"
)

// TestPanicInPartIsRolledBack has a part of a write panic before it has written, after the write
// itself has: nothing of it is in the tables or in the text index.
func TestPanicInPartIsRolledBack(t *testing.T) {
	engines(t, panicInPart)
}

func panicInPart(t *testing.T, f *fixture) {
	ann := f.member("ann@example.com")
	f.findsOne(ann, "zebra", 0) // fills the index
	err := f.Write(t.Context(), ann, func(tx *Tx) error {
		if _, err := tx.Save(f.draft("contact", "name", "Zebra")); err != nil {
			return err
		}
		return tx.Savepoint(func() error { panic("in a part") })
	})
	if err == nil {
		t.Fatal("a write that panicked has no error")
	}
	if got := f.raw(1, "SELECT name FROM contacts"); len(got) != 0 {
		t.Errorf("the tables have %v", got)
	}
	f.findsOne(ann, "zebra", 0)
	f.checkCounters(ann)
}

// TestFailedWriteChangesNoCounter has a client leave after its write has counted an entry of the
// log, and before it has written one.
func TestFailedWriteChangesNoCounter(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.save(ann, "contact", "name", "Jane")
		counters := func() string {
			return fmt.Sprint(f.raw(3, "SELECT last, ' ', n FROM usage WHERE workspace_id = $1 AND kind = 'storage'", ann.Workspace))
		}
		before := counters()
		ctx, leave := context.WithCancel(t.Context())
		err := f.Write(ctx, ann, func(tx *Tx) error {
			if _, err := tx.Group(); err != nil { // reads the counters
				return err
			}
			leave()
			return tx.Log("x.test", "thing/1", "a", "b")
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the write ends with %v", err)
		}
		if after := counters(); after != before {
			t.Errorf("last and bytes were %s, and are %s", before, after)
		}
		f.checkCounters(ann)
	})
}

// TestFailedOpenClosesConnections fails at each connection in turn. A connection that stayed open
// would hold the file without its lock.
func TestFailedOpenClosesConnections(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crmkit.db")
	all := 0
	f := openWith(t, kit.NewClock(), Options{Path: path})
	must(t, f.Close())
	for fails := 1; fails <= len(f.conns); fails++ {
		var opened []engine.Conn
		_, err := Open(t.Context(), Options{Path: path, Schema: builtin(t), tuning: &txn.Tuning{Connected: func(conn engine.Conn) error {
			if opened = append(opened, conn); len(opened) == fails {
				return errors.New("this connection fails")
			}
			return nil
		}}})
		if err == nil {
			t.Fatalf("opened without connection %d", fails)
		}
		for i, conn := range opened {
			if _, err := conn.Exec("SELECT 1"); err == nil {
				t.Errorf("connection %d is open after connection %d failed", i+1, fails)
			}
		}
		all += len(opened)
	}
	if all == 0 {
		t.Error("no connection was opened")
	}
}
