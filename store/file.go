package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"crmkit/store/sqlite"
)

// fileState is what a file has seen of the steps of the schema.
type fileState struct {
	applied int
	pending []migration
}

// newest is the schema this binary brings the file to.
func (s fileState) newest() int { return s.applied + len(s.pending) }

// copyName is where the copy before an upgrade goes.
func (s fileState) copyName(path string) string {
	return fmt.Sprintf("%s.before-%04d", path, s.applied+1)
}

// querier is a connection or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// stateOf looks at a file without changing it and refuses one that this binary
// cannot work with. No file is an empty one.
func stateOf(ctx context.Context, opts Options) (state fileState, err error) {
	info, err := os.Stat(opts.Path)
	if err != nil || info.Size() == 0 {
		state.pending, err = loadMigrations(migrations, opts.Migrations)
		return state, err
	}
	if info.IsDir() {
		return state, fmt.Errorf("%s is a folder; name a file", opts.Path)
	}
	err = withReadOnly(opts.Path, func(db *sql.DB) error {
		state, err = readState(ctx, db, opts)
		return err
	})
	return state, err
}

// withReadOnly gives fn a connection that changes nothing, not even beside the file.
func withReadOnly(path string, fn func(*sql.DB) error) error {
	for tries := 1; ; tries++ {
		before := fingerprintOf(path)
		err := withDB(immutableDSN(path), fn)
		if err == nil || fingerprintOf(path) == before || tries == 5 {
			return err
		}
		// Somebody wrote meanwhile: what was seen may be half of it.
	}
}

// fileFingerprint tells one state of a file and its logs from another.
type fileFingerprint [3]struct{ size, modified int64 }

func fingerprintOf(path string) (m fileFingerprint) {
	for i, suffix := range []string{"", "-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil {
			m[i].size, m[i].modified = info.Size(), info.ModTime().UnixNano()
		}
	}
	return m
}

// immutableDSN is the data source of a file that is only looked at. Where no log lies
// beside it the file is all there is, and SQLite need not make one to read it.
func immutableDSN(path string) string {
	if hasWAL(path) {
		return fileURL(path) + "?mode=ro&_pragma=busy_timeout(10000)"
	}
	return fileURL(path) + "?mode=ro&immutable=1"
}

// readOnlyDSN is the data source of a file that others may write meanwhile.
func readOnlyDSN(path string) string {
	if checkWritable(path) != nil {
		return immutableDSN(path) // SQLite cannot make its log there, so that nobody writes
	}
	return fileURL(path) + "?mode=rw&_pragma=busy_timeout(10000)"
}

// hasWAL reports whether changes lie beside the file that are not in it.
func hasWAL(path string) bool {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(path + suffix); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// withDB gives fn a connection that is closed after it.
func withDB(name string, fn func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	return errors.Join(fn(db), db.Close())
}

// readState reads what the file has seen, and compares it with what this binary
// knows.
func readState(ctx context.Context, db querier, opts Options) (state fileState, err error) {
	all, err := loadMigrations(migrations, opts.Migrations)
	if err != nil {
		return state, err
	}
	applied, err := appliedMigrations(ctx, db, opts.Path)
	if err != nil {
		return state, err
	}
	if len(applied) > len(all) {
		return state, fmt.Errorf("%s was written by a newer crmkit (schema %d, this one knows %d); upgrade the binary", opts.Path, len(applied), len(all))
	}
	for i, checksum := range applied {
		if all[i].checksum != checksum {
			return state, fmt.Errorf("%s: migration %s differs from the one this file was made with; use the crmkit that made it", opts.Path, all[i].name)
		}
	}
	return fileState{len(applied), all[len(applied):]}, nil
}

// appliedMigrations returns the checksums of what the file has seen, none for an
// empty file. Tables of somebody else are an error.
func appliedMigrations(ctx context.Context, db querier, path string) (sums []string, err error) {
	var id, tables int64
	// In one statement: another process may make the tables at this moment.
	if err := db.QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM sqlite_master), application_id FROM pragma_application_id").Scan(&tables, &id); err != nil {
		return nil, sqlite.DescribeOpenError(path, err)
	}
	switch {
	case tables > 0 && id != applicationID:
		return nil, fmt.Errorf("%s is a SQLite file, but not one of crmkit; name another with --db", path)
	case tables == 0:
		return nil, nil
	}
	rows, err := db.QueryContext(ctx, "SELECT checksum FROM migrations ORDER BY number")
	err = eachRow(rows, err, func(scan func(...any) error) error {
		sums = append(sums, "")
		return scan(&sums[len(sums)-1])
	})
	if err != nil {
		return nil, sqlite.DescribeOpenError(path, err)
	}
	return sums, nil
}
