package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Stop stops the server in order: it disconnects its clients and writes everything to its files. The
// address stays the same after the next Start.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	c.stop(t, stopFast)
}

// StopHard stops the server at once. The next start reads the log to recover.
func (c *Cluster) StopHard(t testing.TB) {
	t.Helper()
	c.stop(t, stopImmediate)
}

func (c *Cluster) stop(t testing.TB, signal os.Signal) {
	t.Helper()
	c.private(t)
	if err := c.end(signal); err != nil {
		t.Fatal(err)
	}
}

// Kill kills every process of the server at once, as the system does when memory runs out. None of
// them can answer, write or clean up. On a system without /proc only the first process is killed, and
// the others end when they notice.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	c.private(t)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.server == nil {
		return
	}
	if err := killFamily(c.server.cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if err := c.server.end(os.Kill); err != nil {
		t.Fatal(err)
	}
	c.server = nil
}

// FreezeLogWriter stops the process that writes the log of commits for which nobody waits
// (synchronous_commit=off), so that they stay in memory alone, and a Kill loses them. What was
// committed before is on the disk.
func (c *Cluster) FreezeLogWriter(t testing.TB) {
	t.Helper()
	c.private(t)
	c.Exec(t, "CHECKPOINT")
	pid := 0
	err := c.ask(&pid, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
	if err == nil {
		err = freeze(pid)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again, at the same address.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	c.private(t)
	if c.running() {
		t.Fatal("pgtest: the server runs; Start is for one that was stopped")
	}
	if err := c.launch(); err != nil {
		t.Fatal(err)
	}
}

// TerminateBackends ends every connection to a database and returns how many there were. Clients see
// the error 57P01.
func (c *Cluster) TerminateBackends(t testing.TB, databaseURL string) int {
	t.Helper()
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = c.ask(&n, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'", config.Database)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ask reads the one value that a query answers, as Admin in the database postgres.
func (c *Cluster) ask(value any, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.QueryRow(ctx, query, args...).Scan(value)
}

// running reports whether the server runs. It may have ended by itself.
func (c *Cluster) running() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.server == nil {
		return false
	}
	select {
	case <-c.server.done:
		return false
	default:
		return true
	}
}

// private fails a test that would disturb the others.
func (c *Cluster) private(t testing.TB) {
	t.Helper()
	if c.shared {
		t.Fatal("pgtest: other tests use the shared cluster; stop one that New made")
	}
}
