package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // to hold the lock of the file
)

// becomes waits until GET /readyz has the status. The server asks the disk at most
// once a second.
func (p *running) becomes(t *testing.T, want int) (text string) {
	t.Helper()
	eventually(t, patience, func() bool {
		var status int
		status, text = p.do("GET", "/readyz", "")
		return status == want
	})
	return text
}

// TestNotReadyWhileLocked has somebody else hold the file's lock for writing: the
// server reads, but is not ready, and is again once the lock is gone.
func TestNotReadyWhileLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "crmkit.db")
	p := serve(t, "--db", path)
	p.becomes(t, 200)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	holds(t, p.becomes(t, 503), "ERROR not_ready", "takes no writes", "crmkit doctor")
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	holds(t, p.becomes(t, 200), "ready")
}
