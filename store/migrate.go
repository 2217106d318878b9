package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migration is one numbered step of the schema. A released one never changes:
// its checksum is kept in the file.
type migration struct {
	number   int64
	name     string
	sql      string
	checksum string
}

func loadMigrations(sources ...fs.FS) ([]migration, error) {
	var list []migration
	for _, source := range sources {
		if source == nil {
			continue
		}
		names, err := fs.Glob(source, "migrations/*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := fs.ReadFile(source, name)
			if err != nil {
				return nil, err
			}
			base := name[len("migrations/"):]
			number, err := strconv.ParseInt(base[:4], 10, 64)
			if err != nil || number != int64(len(list)+1) {
				return nil, fmt.Errorf("migration %s: numbers must follow each other from 0001", name)
			}
			sum := sha256.Sum256(text)
			list = append(list, migration{number, base, string(text), hex.EncodeToString(sum[:8])})
		}
	}
	return list, nil
}

// migrate brings the file to the newest schema in one transaction, after a copy
// beside it when it already held data.
func migrate(ctx context.Context, db *sql.DB, opts Options) error {
	all, err := loadMigrations(migrations, opts.Migrations)
	if err != nil {
		return err
	}
	applied, err := appliedMigrations(ctx, db, opts.Path)
	if err != nil {
		return err
	}
	if len(applied) > len(all) {
		return fmt.Errorf("%s was written by a newer crmkit (schema %d, this one knows %d); upgrade the binary", opts.Path, len(applied), len(all))
	}
	for i, checksum := range applied {
		if all[i].checksum != checksum {
			return fmt.Errorf("%s: migration %s differs from the one this file was made with; use the crmkit that made it", opts.Path, all[i].name)
		}
	}
	pending := all[len(applied):]
	if len(pending) == 0 {
		return nil
	}
	if len(applied) > 0 && opts.Path != Memory {
		if err := keepCopy(ctx, db, fmt.Sprintf("%s.before-%04d", opts.Path, pending[0].number)); err != nil {
			return fmt.Errorf("copy before the upgrade: %w", err)
		}
	}
	return applyMigrations(ctx, db, pending, opts)
}

// checkFile refuses a file that is no database of ours. It looks through a
// read-only connection, because opening for writing would already change it.
func checkFile(ctx context.Context, path string) error {
	if info, err := os.Stat(path); path == Memory || err != nil || info.Size() == 0 {
		return nil
	}
	db, err := sql.Open("sqlite", fileURL(path)+"?mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	_, err = inspect(ctx, db, path)
	return errors.Join(err, db.Close())
}

// inspect reports whether the database is empty; tables of somebody else are an
// error.
func inspect(ctx context.Context, db *sql.DB, path string) (empty bool, err error) {
	var id, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master").Scan(&tables); err != nil {
		return false, fmt.Errorf("%s: %w", path, err)
	}
	if tables > 0 && id != applicationID {
		return false, fmt.Errorf("%s is a SQLite file, but not one of crmkit; name another with --db", path)
	}
	return tables == 0, nil
}

// appliedMigrations returns the checksums of what the file has seen, none for an
// empty file.
func appliedMigrations(ctx context.Context, db *sql.DB, path string) ([]string, error) {
	if empty, err := inspect(ctx, db, path); empty || err != nil {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, "SELECT checksum FROM migrations ORDER BY number")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer rows.Close()
	var sums []string
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, rows.Err()
}

// keepCopy writes a whole copy of the database. It appears under its name only
// when it is complete and on disk.
func keepCopy(ctx context.Context, db *sql.DB, path string) error {
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// SQLite fills an empty file that is there; it would make one that all may read.
	empty, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := empty.Close(); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", partial); err != nil {
		return err
	}
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func applyMigrations(ctx context.Context, db *sql.DB, pending []migration, opts Options) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	setup := []string{
		"CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	}
	for _, m := range pending {
		setup = append(setup, dialect.Replace(m.sql))
	}
	for i, text := range setup {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("schema step %d of %d: %w", i+1, len(setup), err)
		}
	}
	for _, m := range pending {
		if _, err := tx.ExecContext(ctx, "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
			m.number, m.name, m.checksum, opts.Clock().UnixMilli()); err != nil {
			return fmt.Errorf("another process upgraded the file meanwhile; start again: %w", err)
		}
	}
	return tx.Commit()
}

// loadSecret returns the file's own key, made at the first start.
func (s *Store) loadSecret(ctx context.Context, db *sql.DB) ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := s.random.Read(fresh); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('secret', $1) ON CONFLICT (name) DO NOTHING", hex.EncodeToString(fresh)); err != nil {
		return nil, err
	}
	var text string
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'secret'").Scan(&text); err != nil {
		return nil, err
	}
	return hex.DecodeString(text)
}
