package sqlite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Schema describes the databases of a program. This package knows no table of its own but
// migrations.
type Schema struct {
	// Migrations have the numbered steps that make the schema, as migrations/*.sql. Each source
	// continues the numbers of the one before; nil sources are skipped.
	Migrations []fs.FS
	// Fresh is SQL that makes a new file as the first migrations do, in a quarter of their time.
	// The last word of its first line is the number of the last of these migrations. Empty: the
	// migrations make a new file.
	Fresh string
	// Identity is SQL that reads a text that is different in each database, and the same in a
	// database and its backups.
	Identity string
	// Rewrite computes values of a file anew, at the end of an upgrade and in its transaction. from is
	// the number of the schema that the file had. Nil: there is nothing to compute.
	Rewrite func(ctx context.Context, c *Conn, from int) error
	// Counts are the tables whose rows a Summary counts. A file of an older schema may not have
	// all of them.
	Counts []Table
}

// Table is a table whose rows are counted.
type Table struct {
	Name  string
	Where string // condition on the rows; empty: all
}

// Migration is one numbered step of a schema. A released migration never changes: its checksum is
// stored in each file.
type Migration struct {
	Number   int64
	Name     string
	SQL      string
	Checksum string
}

// Load reads the migrations in their order. It is an error if their numbers are not 1, 2, 3 and so
// on.
func (s Schema) Load() (list []Migration, err error) {
	for _, source := range s.Migrations {
		if source == nil {
			continue
		}
		names, err := fs.Glob(source, "migrations/*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			m, err := loadMigration(source, name)
			if err != nil {
				return nil, err
			}
			if m.Number != int64(len(list)+1) {
				return nil, fmt.Errorf("migration %s: numbers must follow each other from 0001", name)
			}
			list = append(list, m)
		}
	}
	return list, nil
}

// loadMigration reads one migration. Its number is 0 if the name does not begin with one.
func loadMigration(source fs.FS, name string) (Migration, error) {
	text, err := fs.ReadFile(source, name)
	if err != nil {
		return Migration{}, err
	}
	base := name[len("migrations/"):]
	digits, _, _ := strings.Cut(base, "_")
	number, _ := strconv.ParseInt(digits, 10, 64)
	sum := sha256.Sum256(text)
	return Migration{number, base, string(text), hex.EncodeToString(sum[:8])}, nil
}

// freshNumber returns the number of the last migration that Fresh includes.
func (s Schema) freshNumber() int {
	line, _, _ := strings.Cut(s.Fresh, "\n")
	number, _ := strconv.Atoi(line[strings.LastIndexByte(line, ' ')+1:])
	return number
}

// localTypes replaces the types of migrations, which other engines know, by those of SQLite.
var localTypes = strings.NewReplacer("BIGINT", "INTEGER", "CLUSTERED", "WITHOUT ROWID")
