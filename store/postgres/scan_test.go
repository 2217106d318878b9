package postgres

import (
	"errors"
	"testing"

	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// TestNumbersAndBooleans scans what statements of PostgreSQL return in another type than those of
// SQLite.
func TestNumbersAndBooleans(t *testing.T) {
	db := opened(t, pgtest.Database(t), 1)
	c := newConn(db)
	defer c.Close()
	var yes, no bool
	var sum int64
	var one int
	var any1, any2, none any
	must(t, c.Row("SELECT TRUE, 0, SUM(n), TRUE, SUM(n), FALSE, SUM(NULL::BIGINT) FROM (VALUES (3000000000::BIGINT), (4000000000)) v (n)", nil, &yes, &no, &sum, &one, &any1, &any2, &none))
	if !yes || no || sum != 7_000_000_000 || one != 1 || any1 != int64(7_000_000_000) || any2 != int64(0) || none != nil {
		t.Errorf("scanned are %v %v %v %v %v %v %v", yes, no, sum, one, any1, any2, none)
	}
	if err := c.Row("SELECT SUM(NULL::BIGINT)", nil, &sum); err == nil {
		t.Error("NULL is read as a number")
	}
	if err := c.Row("SELECT 1 WHERE FALSE", nil, &one); !errors.Is(err, engine.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	if found, err := c.Exists("SELECT 1 FROM users WHERE number = $1", 5); found || err != nil {
		t.Errorf("exists: %v, %v", found, err)
	}
}
