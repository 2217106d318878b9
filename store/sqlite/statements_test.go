package sqlite

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// testConn returns a connection to an empty database in memory.
func testConn(t *testing.T) *Conn {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(conn)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	})
	return c
}

// TestStatementsAreBounded prepares more statements than a connection keeps, and longer ones.
func TestStatementsAreBounded(t *testing.T) {
	c := testConn(t)
	use := func(text string) {
		t.Helper()
		if err := c.Row(text, nil, new(int)); err != nil {
			t.Fatal(err)
		}
	}
	use("SELECT 1 -- " + strings.Repeat("x", maxStatementLength))
	if c.stmts.recent.Len() != 0 {
		t.Error("a statement over the length limit is kept")
	}
	for i := range maxStatements + 50 {
		use(fmt.Sprint("SELECT ", i))
	}
	if n := c.stmts.recent.Len(); n != maxStatements {
		t.Errorf("the connection has %d statements, want %d", n, maxStatements)
	}
}

// TestStatementsInUseAreNotClosed pushes a statement out of the cache while its rows are read.
func TestStatementsInUseAreNotClosed(t *testing.T) {
	c := testConn(t)
	rows := 0
	err := c.Rows(t.Context(), "SELECT value FROM json_each('[1, 2, 3]')", nil, func(scan func(...any) error) error {
		rows++
		for i := range maxStatements {
			if err := c.Row(fmt.Sprint("SELECT ", i), nil, new(int)); err != nil {
				return err
			}
		}
		return scan(new(int))
	})
	if err != nil || rows != 3 {
		t.Errorf("%d rows, %v", rows, err)
	}
}
