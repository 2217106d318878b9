package e2e

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // to hold the lock of the file
)

// becomes waits until GET /readyz has the status. The server probes the disk at most once a second.
func (p *running) becomes(t *testing.T, want int) (text string) {
	t.Helper()
	eventually(t, patience, func() bool {
		var status int
		status, text = p.do("GET", "/readyz", "")
		return status == want
	})
	return text
}

// TestNotReadyWhileLocked holds the write lock of the file in another process: the server
// reads but is not ready, and is ready again once the lock is gone.
func TestNotReadyWhileLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", path)
	p.becomes(t, 200)
	release := hold(t, path)
	holds(t, p.becomes(t, 503), "ERROR not_ready", "cannot be read or written", "crmkit doctor")
	release()
	holds(t, p.becomes(t, 200), "ready")
}

// hold takes the lock of a database for writing until it is released.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}
