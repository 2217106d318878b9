package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Summary is the result of a check of a whole database file.
type Summary struct {
	Path   string
	Bytes  int64
	Schema int // the number of its last migration
	Rows   []Count
}

// Count is the number of rows of a kind.
type Count struct {
	Kind string
	N    int64
}

// copyFile writes a copy of one committed state of the database. The copy gets its name, and
// replaces a file with this name, only when it was checked and is on disk.
func copyFile(ctx context.Context, from, to string, schema Schema) error {
	partial := to + ".partial"
	_, err := vacuumInto(ctx, liveDSN(from), partial, schema)
	if err == nil {
		err = os.Rename(partial, to)
	}
	if err != nil {
		return errors.Join(err, removeIfExists(partial))
	}
	return syncFile(filepath.Dir(to))
}

// vacuumInto writes a copy of the database of a data source, syncs it and checks it. It reads one
// snapshot, and others can write meanwhile.
func vacuumInto(ctx context.Context, from, to string, schema Schema) (sum Summary, err error) {
	if err := removeIfExists(to); err != nil {
		return sum, err
	}
	// SQLite would create a file that all users may read. It uses an empty file as it is.
	if err := makePrivate(to); err != nil {
		return sum, err
	}
	err = withConn("copy to "+to, from, func(c *Conn) error {
		if err := c.script(ctx, "VACUUM INTO $1", to); err != nil {
			return describeOpenError("copy to "+to, err)
		}
		return nil
	})
	if err != nil {
		return sum, err
	}
	if err := syncFile(to); err != nil {
		return sum, err
	}
	return summarize(ctx, to, schema)
}

// Verify checks a whole file and returns a summary of it, or an error that says what is wrong. A
// file with a schema that this program does not know is an error. The file is not changed.
func Verify(ctx context.Context, path string, schema Schema) (Summary, error) {
	if _, err := os.Stat(path); err != nil {
		return Summary{}, err
	}
	if _, err := stateOf(ctx, path, schema); err != nil {
		return Summary{}, err
	}
	return summarize(ctx, path, schema)
}

// summarize checks a whole file: SQLite's integrity check, the references between rows and the
// schema. It counts the rows. The error says what is wrong.
func summarize(ctx context.Context, path string, schema Schema) (Summary, error) {
	sum := Summary{Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return sum, err
	}
	sum.Bytes = info.Size()
	err = ReadFile(path, func(c *Conn) error {
		applied, err := appliedMigrations(ctx, c, path)
		if err != nil {
			return err
		}
		if sum.Schema = len(applied); sum.Schema == 0 {
			return fmt.Errorf("%s is empty", path)
		}
		if err := errors.Join(checkPages(ctx, c), checkReferences(ctx, c), compareSchema(ctx, c, sum.Schema, schema)); err != nil {
			return describeOpenError(path, err)
		}
		if sum.Rows, err = countRows(ctx, c, schema.Counts); err != nil {
			return describeOpenError(path, err)
		}
		return nil
	})
	return sum, err
}

// countRows counts the rows of the tables that the database has.
func countRows(ctx context.Context, c *Conn, tables []Table) (counts []Count, err error) {
	existing, err := c.Texts(ctx, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if !slices.Contains(existing, t.Name) {
			continue
		}
		n, text := int64(0), "SELECT COUNT(*) FROM "+t.Name
		if t.Where != "" {
			text += " WHERE " + t.Where
		}
		if err := c.RowUntil(ctx, text, nil, &n); err != nil {
			return nil, err
		}
		counts = append(counts, Count{t.Name, n})
	}
	return counts, nil
}

// checkPages asks SQLite whether every page and index of the file is sound.
func checkPages(ctx context.Context, c *Conn) error {
	faults, err := c.Texts(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxFaults))
	if err != nil || slices.Equal(faults, []string{"ok"}) {
		return err
	}
	return errors.New("the file is damaged: " + strings.Join(faults, "; "))
}

// checkReferences asks SQLite whether every reference leads to a row.
func checkReferences(ctx context.Context, c *Conn) error {
	faults, err := c.Texts(ctx, fmt.Sprintf("SELECT \"table\" || ' ' || COALESCE(rowid, '') || ' refers to no row of ' || parent FROM pragma_foreign_key_check LIMIT %d", maxFaults))
	if err != nil || len(faults) == 0 {
		return err
	}
	return errors.New("references lead nowhere: " + strings.Join(faults, "; "))
}

// Health is the result of Check.
type Health struct {
	Schema, Known int // the number of migrations in the file, and in this program
}

// Check checks a file, also while a server runs on it, and changes nothing. It reads every page,
// which takes a second or two for each gigabyte. An error says what is wrong with the file, or
// that it cannot be written. If this program knows the schema of the file, read gets a
// connection to it.
func Check(ctx context.Context, path string, schema Schema, read func(*Conn) error) (h Health, err error) {
	err = withConn(path, fileURL(path)+"?mode=rw&_pragma=busy_timeout(3000)", func(c *Conn) error {
		h, err = checkConn(ctx, c, path, schema)
		if err != nil || h.Schema == 0 || h.Schema > h.Known {
			return err
		}
		if err := compareSchema(ctx, c, h.Schema, schema); err != nil {
			return err
		}
		if err := read(c); err != nil {
			return err
		}
		return checkWrites(c)
	})
	return h, err
}

// checkConn reads the schema of a database and checks its pages.
func checkConn(ctx context.Context, c *Conn, path string, schema Schema) (h Health, err error) {
	known, err := schema.Load()
	if err != nil {
		return h, err
	}
	applied, err := appliedMigrations(ctx, c, path)
	if err != nil {
		return h, err
	}
	h.Schema, h.Known = len(applied), len(known)
	var verdict string
	if err := c.RowUntil(ctx, "PRAGMA quick_check(1)", nil, &verdict); err != nil || verdict != "ok" {
		return h, errors.Join(fmt.Errorf("%s is damaged: %s", path, verdict), err)
	}
	return h, nil
}

// checkWrites checks that a transaction that writes can begin, and rolls it back.
func checkWrites(c *Conn) error {
	if err := c.BeginWrite(nil); err != nil {
		return fmt.Errorf("it takes no writes: %w", err)
	}
	return c.Rollback()
}
