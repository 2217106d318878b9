package sqlite

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Schema is what a program says of its databases.
type Schema struct {
	// Migrations hold the numbered steps that make the schema, as migrations/*.sql. Each
	// goes on with the numbers of the one before; nil ones are skipped.
	Migrations []fs.FS
	// Fresh makes in one step what the first migrations make in a new file, in a quarter
	// of their time. The last word of its first line is the number of the last of them.
	// Empty: a new file is made by the migrations.
	Fresh string
	// Identity is SQL that reads a text by which two databases are told apart, and which a
	// backup has from its database.
	Identity string
	// Counts are the tables whose rows a Summary counts. A file of an older schema may
	// lack some.
	Counts []Table
}

// Table is a table whose rows are counted.
type Table struct {
	Name  string
	Where string // condition on the rows; empty: all
}

// Migration is one numbered step of a schema. A released one never changes: its checksum
// is kept in the file.
type Migration struct {
	Number   int64
	Name     string
	SQL      string
	Checksum string
}

// Load reads the migrations, in their order.
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

// loadMigration reads one migration. Its number is 0 where the name has none.
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

// localTypes turns the types of migrations, which another engine knows too, into SQLite's.
var localTypes = strings.NewReplacer("BIGINT", "INTEGER", "CLUSTERED", "WITHOUT ROWID")
