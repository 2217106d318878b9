package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"crmkit/store/sqlite"
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

// newSchema makes in one step what the migrations up to schemaNumber make in a new file: in a
// quarter of their time, at every first start and in every test. TestNewSchema writes it
// (go test ./store -run TestNewSchema -update) and keeps it the same.
//
//go:embed schema.sql
var newSchema string

// schemaNumber returns the number of the last migration that a schema includes, which is
// the last word of its first line.
func schemaNumber(schema string) int64 {
	line, _, _ := strings.Cut(schema, "\n")
	number, _ := strconv.ParseInt(line[strings.LastIndexByte(line, ' ')+1:], 10, 64)
	return number
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

// migrate brings the file to the newest schema in one transaction, which keeps
// others from doing the same meanwhile. A copy is made beside it first when it
// already held data.
func migrate(ctx context.Context, db *sql.DB, opts Options) error {
	state, err := readState(ctx, db, opts)
	if err != nil || len(state.pending) == 0 {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return sqlite.DescribeOpenError(opts.Path, err)
	}
	defer tx.Rollback()
	if state, err = readState(ctx, tx, opts); err != nil || len(state.pending) == 0 {
		return err // another was quicker
	}
	if state.applied > 0 && opts.Path != Memory {
		// The copy has what is committed: the file as it is before this transaction.
		if err := copyFile(ctx, opts.Path, state.copyName(opts.Path), opts.Migrations); err != nil {
			return fmt.Errorf("copy before the upgrade: %w", err)
		}
	}
	if err := apply(ctx, tx, state.pending, opts); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	if state.applied > 0 {
		opts.Log.Info("the schema was upgraded", "path", opts.Path, "from", state.applied, "to", state.newest(), "copy", state.copyName(opts.Path))
	}
	return nil
}

// apply runs the steps that wait, and notes them.
func apply(ctx context.Context, tx *sql.Tx, pending []migration, opts Options) error {
	setup := []string{
		"CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	}
	steps, known := pending, int(schemaNumber(newSchema))
	if len(pending) >= known && pending[0].number == 1 { // a new file
		setup = append(setup, newSchema)
		steps = pending[known:]
	}
	for _, m := range steps {
		setup = append(setup, sqliteTypes.Replace(m.sql))
	}
	for i, text := range setup {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("schema step %d of %d: %w", i+1, len(setup), err)
		}
	}
	for _, m := range pending {
		if _, err := tx.ExecContext(ctx, "INSERT INTO migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
			m.number, m.name, m.checksum, opts.Clock().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
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
