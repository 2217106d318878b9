package store

import (
	"database/sql"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write schema.sql")

// TestNewSchema compares a file that schema.sql made with one that all migrations made, one
// after the other: the same tables and indexes in the same words, and the same rows.
func TestNewSchema(t *testing.T) {
	steps, err := loadMigrations(migrations)
	must(t, err)
	made := dumpSchema(t, func(tx *sql.Tx) error {
		for _, m := range steps {
			if _, err := tx.Exec(sqliteTypes.Replace(m.sql)); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		return nil
	})
	want := fmt.Sprintf("-- Made by TestNewSchema from the migrations up to %d\n%s", len(steps), made)
	if *update {
		must(t, os.WriteFile("schema.sql", []byte(want), 0o644))
		return
	}
	if newSchema != want {
		t.Fatal("schema.sql is not what the migrations make; run go test ./store -run TestNewSchema -update")
	}
	if got := dumpSchema(t, func(tx *sql.Tx) error { _, err := tx.Exec(newSchema); return err }); got != made {
		t.Errorf("schema.sql makes another schema than it is:\n%s", got)
	}
}

// TestFilesOfBothWays opens a new file, and one that the migrations made one by one: the
// objects in them and the migrations that they note are the same.
func TestFilesOfBothWays(t *testing.T) {
	steps, err := loadMigrations(migrations)
	must(t, err)
	var files [2]map[object]string
	var sums [2][]string
	for i, each := range []func(tx *sql.Tx, opts Options) error{
		func(tx *sql.Tx, opts Options) error { return apply(t.Context(), tx, steps, opts) },
		func(tx *sql.Tx, opts Options) error {
			if err := apply(t.Context(), tx, steps[:1], opts); err != nil {
				return err
			}
			return apply(t.Context(), tx, steps[1:], opts)
		},
	} {
		inMemory(t, func(tx *sql.Tx) {
			must(t, each(tx, Options{Clock: time.Now}))
			files[i], err = objects(t.Context(), tx)
			must(t, err)
			sums[i], err = appliedMigrations(t.Context(), tx, Memory)
			must(t, err)
		})
	}
	if !maps.Equal(files[0], files[1]) || !slices.Equal(sums[0], sums[1]) || len(sums[0]) != len(steps) {
		t.Errorf("the files differ: %d and %d objects, %v and %v", len(files[0]), len(files[1]), sums[0], sums[1])
	}
}

func inMemory(t *testing.T, fn func(*sql.Tx)) {
	t.Helper()
	must(t, withDB(dsn(Memory), func(db *sql.DB) error {
		tx, err := db.BeginTx(t.Context(), nil)
		must(t, err)
		defer tx.Rollback()
		fn(tx)
		return nil
	}))
}

// dumpSchema returns the statements that make what fn made in an empty database, and the
// rows of its tables.
func dumpSchema(t *testing.T, fn func(*sql.Tx) error) string {
	t.Helper()
	var b strings.Builder
	inMemory(t, func(tx *sql.Tx) {
		must(t, fn(tx))
		var tables []string
		for _, row := range textRows(t, tx, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid") {
			b.WriteString(row[2] + ";\n")
			if row[0] == "table" {
				tables = append(tables, row[1])
			}
		}
		for _, name := range tables {
			var quoted []string
			for _, column := range textRows(t, tx, "SELECT name FROM pragma_table_info('"+name+"')") {
				quoted = append(quoted, "quote("+column[0]+")")
			}
			for _, row := range textRows(t, tx, "SELECT "+strings.Join(quoted, ", ")+" FROM "+name+" ORDER BY 1") {
				fmt.Fprintf(&b, "INSERT INTO %s VALUES (%s);\n", name, strings.Join(row, ", "))
			}
		}
	})
	return b.String()
}

// textRows returns the rows of a statement as text.
func textRows(t *testing.T, tx *sql.Tx, text string) (list [][]string) {
	t.Helper()
	rows, err := tx.Query(text)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		row := make([]string, len(columns))
		dest := make([]any, len(columns))
		for i := range row {
			dest[i] = &row[i]
		}
		must(t, rows.Scan(dest...))
		list = append(list, row)
	}
	must(t, rows.Err())
	return list
}
