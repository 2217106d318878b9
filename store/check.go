package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Health is what Check finds in a file.
type Health struct {
	Schema, Known int       // migrations the file has seen, and those this program has
	Users         int64     // accounts
	LastChange    time.Time // the latest change in the log; zero: none
}

// Check looks at the file of a store, also while a server runs on it, and changes
// nothing: it upgrades no schema. It reads every page, which takes a second or two
// for each gigabyte. An error says what is wrong with the file, or that it
// takes no writes.
func Check(ctx context.Context, path string) (Health, error) {
	db, err := sql.Open("sqlite", fileURL(path)+"?mode=rw&_pragma=busy_timeout(3000)")
	if err != nil {
		return Health{}, err
	}
	db.SetMaxOpenConns(1)
	h, err := check(ctx, db, path)
	return h, errors.Join(err, db.Close())
}

func check(ctx context.Context, db *sql.DB, path string) (h Health, err error) {
	all, err := loadMigrations(migrations)
	if err != nil {
		return h, err
	}
	applied, err := appliedMigrations(ctx, db, path)
	if err != nil {
		return h, err
	}
	h.Schema, h.Known = len(applied), len(all)
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return h, errors.Join(fmt.Errorf("%s is damaged: %s", path, verdict), err)
	}
	if h.Schema == 0 || h.Schema > h.Known {
		return h, nil
	}
	if err := compareSchema(ctx, db, h.Schema, nil); err != nil {
		return h, err
	}
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM users").Scan(&h.Users); err != nil {
		return h, err
	}
	var at sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT MAX(at) FROM log").Scan(&at); err != nil {
		return h, err
	}
	if at.Valid {
		h.LastChange = time.UnixMilli(at.Int64)
	}
	return h, takesWrites(ctx, db)
}

// takesWrites takes the lock for writing, and gives it back.
func takesWrites(ctx context.Context, db *sql.DB) error {
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("it takes no writes: %w", err)
	}
	_, err := db.ExecContext(ctx, "ROLLBACK")
	return err
}
