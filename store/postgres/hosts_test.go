package postgres

import (
	"context"
	"testing"
	"time"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// openThrough opens a database behind two proxies, which the address names like a primary and its standby.
func openThrough(t *testing.T) (db *DB, first, second *pgtest.Proxy) {
	t.Helper()
	cluster := pgtest.Shared(t)
	first, second = pgtest.NewProxy(t, cluster.Address()), pgtest.NewProxy(t, cluster.Address())
	address := pgtest.Through(cluster.Database(t), first.Address(), second.Address()) + "&target_session_attrs=read-write&connect_timeout=1"
	db, err := Open(t.Context(), Options{Address: address, Migrations: probeMigrations(), Heads: "SELECT 1", LockAll: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, first, second
}

// ask runs a statement, and returns how long that took.
func ask(t *testing.T, c *Conn) time.Duration {
	t.Helper()
	started := time.Now()
	var one int
	if err := c.Row("SELECT 1", nil, &one); err != nil {
		t.Fatal(err)
	}
	return time.Since(started)
}

// TestConnectionsFollowToAnotherHost checks what happens when a host falls silent: the first connection
// that finds another one takes the others with it, and no further one asks the silent host first.
func TestConnectionsFollowToAnotherHost(t *testing.T) {
	t.Parallel()
	db, first, second := openThrough(t)
	lost, idle, later := newConn(db), newConn(db), newConn(db)
	for _, c := range []*Conn{lost, idle} {
		ask(t, c)
	}
	if n := second.RoundTrips(); n > 0 {
		t.Errorf("%d round trips to the second host while the first one works", n)
	}
	defer first.Hold()()
	_ = lost.Close()
	if took := ask(t, lost); took < time.Second {
		t.Errorf("the silent host was not asked: %v", took)
	}
	for name, c := range map[string]*Conn{"idle": idle, "later": later} {
		if took := ask(t, c); took > 900*time.Millisecond {
			t.Errorf("the %s connection waited for the silent host: %v", name, took)
		}
		_ = c.Close()
	}
	_ = lost.Close()
}

// TestInterruptEndsStatements checks that a program can end while its database does not answer, also
// where the caller has no deadline.
func TestInterruptEndsStatements(t *testing.T) {
	t.Parallel()
	db, first, second := openThrough(t)
	writing, reading := newConn(db), newConn(db)
	ask(t, writing)
	ask(t, reading)
	defer first.Hold()()
	defer second.Hold()()
	failed := make(chan error, 2)
	go func() { failed <- writing.BeginWrite([]int64{1}) }()
	go func() {
		failed <- reading.Rows(context.Background(), "SELECT 1", nil, func(func(...any) error) error { return nil })
	}()
	time.Sleep(100 * time.Millisecond)
	db.Interrupt()
	for range 2 {
		select {
		case err := <-failed:
			if err == nil {
				t.Error("a statement without an answer succeeded")
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a statement waits on")
		}
	}
	if err := writing.BeginWrite([]int64{1}); db.Fault(err) != engine.Machine {
		t.Errorf("after Interrupt: %v", err)
	}
}
