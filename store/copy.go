package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

// Summary is what a look through a whole database file found.
type Summary struct {
	Path   string
	Bytes  int64
	Schema int // the number of its last migration
	Rows   []Count
}

// Count is how many rows there are of a kind.
type Count struct {
	Kind string
	N    int64
}

// counted returns the tables that a summary counts; a file of an older schema may
// lack some.
func counted() []string {
	tables := []string{"users", "workspaces", "members"}
	for i := range crm.Entities {
		if e := &crm.Entities[i]; e.PlanLimited() {
			tables = append(tables, e.Plural)
		}
	}
	return tables
}

// copyFile writes a whole copy of the database, as it is committed at one moment.
// The copy appears under its name, or takes the place of a file there, only when it
// is on disk and was looked through.
func copyFile(ctx context.Context, from, to string, further fs.FS) error {
	partial := to + ".partial"
	_, err := vacuumInto(ctx, readOnlyDSN(from), partial, further)
	if err == nil {
		err = os.Rename(partial, to)
	}
	if err != nil {
		return errors.Join(err, removeIfExists(partial))
	}
	return syncFile(filepath.Dir(to))
}

// vacuumInto writes a copy of what the data source names, syncs it and looks
// through it. It reads one snapshot and keeps nobody from writing.
func vacuumInto(ctx context.Context, from, to string, further fs.FS) (sum Summary, err error) {
	if err := removeIfExists(to); err != nil {
		return sum, err
	}
	// SQLite fills an empty file that is there; it would make one that all may read.
	if err := makePrivate(to); err != nil {
		return sum, err
	}
	err = withDB(from, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "VACUUM INTO $1", to)
		return err
	})
	if err != nil {
		return sum, sqlite.DescribeOpenError("copy to "+to, err)
	}
	if err := syncFile(to); err != nil {
		return sum, err
	}
	return summarize(ctx, to, further)
}

// summarize looks through a whole file: SQLite's integrity check, the references
// between rows, the schema, which further migrations may have made more of, and how many
// rows there are. Whatever is wrong is the error.
func summarize(ctx context.Context, path string, further fs.FS) (Summary, error) {
	sum := Summary{Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return sum, err
	}
	sum.Bytes = info.Size()
	err = withReadOnly(path, func(db *sql.DB) error {
		applied, err := appliedMigrations(ctx, db, path)
		if err != nil {
			return err
		}
		if sum.Schema = len(applied); sum.Schema == 0 {
			return fmt.Errorf("%s is empty", path)
		}
		if err := errors.Join(checkPages(ctx, db), checkReferences(ctx, db), compareSchema(ctx, db, sum.Schema, further)); err != nil {
			return sqlite.DescribeOpenError(path, err)
		}
		return sum.count(ctx, db)
	})
	return sum, err
}

// count counts the rows of each kind.
func (s *Summary) count(ctx context.Context, db querier) error {
	there, err := texts(ctx, db, "SELECT name FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		return sqlite.DescribeOpenError(s.Path, err)
	}
	for _, kind := range counted() {
		if !slices.Contains(there, kind) {
			continue
		}
		c, text := Count{Kind: kind}, "SELECT COUNT(*) FROM "+kind
		if !slices.Contains([]string{"users", "workspaces"}, kind) { // what is deleted, but for its row, is in none
			text += " WHERE workspace_id > 0"
		}
		if err := db.QueryRowContext(ctx, text).Scan(&c.N); err != nil {
			return sqlite.DescribeOpenError(s.Path, err)
		}
		s.Rows = append(s.Rows, c)
	}
	return nil
}

// checkPages asks SQLite whether every page and index of the file is sound.
func checkPages(ctx context.Context, db querier) error {
	faults, err := texts(ctx, db, "PRAGMA integrity_check(10)")
	if err != nil || slices.Equal(faults, []string{"ok"}) {
		return err
	}
	return errors.New("the file is damaged: " + strings.Join(faults, "; "))
}

// checkReferences asks SQLite whether every reference leads to a row.
func checkReferences(ctx context.Context, db querier) error {
	faults, err := texts(ctx, db, "SELECT \"table\" || ' ' || COALESCE(rowid, '') || ' refers to no row of ' || parent FROM pragma_foreign_key_check LIMIT 10")
	if err != nil || len(faults) == 0 {
		return err
	}
	return errors.New("references lead nowhere: " + strings.Join(faults, "; "))
}

// checkValues looks for lists and objects of records that this program did not write so.
func checkValues(ctx context.Context, db querier) error {
	var faults []string
	for i := range crm.Entities {
		e := &crm.Entities[i]
		columns, err := texts(ctx, db, "SELECT name FROM pragma_table_info('"+e.Plural+"')")
		if err != nil {
			return err
		}
		for j := range e.Fields {
			f := &e.Fields[j]
			form := map[crm.Type]string{crm.Tags: "array", crm.Object: "object"}[f.Type]
			if e.RandomID || form == "" || !slices.Contains(columns, f.Col()) {
				continue
			}
			keys, err := texts(ctx, db, fmt.Sprintf("SELECT key FROM %s WHERE %s IS NOT NULL AND CASE WHEN json_valid(%s) THEN json_type(%s) <> '%s' ELSE TRUE END LIMIT 10", e.Plural, f.Col(), f.Col(), f.Col(), form))
			if err != nil {
				return err
			}
			for _, text := range keys {
				key, _ := strconv.ParseInt(text, 10, 64)
				faults = append(faults, f.Name+" of "+e.Name+"/"+crm.RecordID(e.Prefix, key))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return errors.New("values are damaged: " + strings.Join(faults[:min(len(faults), 10)], ", ") + "; take what they were from a backup (crmkit restore), or set them anew with the sqlite3 shell while no server runs")
}

// eachRow calls each for every row, closes the rows and reports any error on the way.
func eachRow(rows *sql.Rows, err error, each func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// texts reads a column.
func texts(ctx context.Context, db querier, text string) (list []string, err error) {
	rows, err := db.QueryContext(ctx, text)
	err = eachRow(rows, err, func(scan func(...any) error) error {
		list = append(list, "")
		return scan(&list[len(list)-1])
	})
	return list, err
}

// secondName gives a file another name beside its own; where the file system knows
// no second names, in its place. No file is fs.ErrNotExist.
func secondName(path, other string) error {
	err := os.Link(path, other)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(path, other)
}

func removeIfExists(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile brings a file, or the names in a folder, to the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
