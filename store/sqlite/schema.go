package sqlite

import (
	"context"
	"io/fs"
	"strconv"
	"strings"

	"crmkit/store/engine"
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
	Rewrite func(ctx context.Context, c engine.Conn, from int) error
	// Values returns an error that names values which a table may have, but the program cannot read.
	// Nil: there are none.
	Values func(ctx context.Context, c engine.Conn) error
	// Counts are the tables whose rows a Summary counts. A file of an older schema may not have
	// all of them.
	Counts []Table
}

// Table is a table whose rows are counted.
type Table struct {
	Name  string
	Where string // condition on the rows; empty: all
}

// Migration is one numbered step of a schema.
type Migration = engine.Migration

// Load reads the migrations in their order.
func (s Schema) Load() ([]Migration, error) { return engine.LoadMigrations(s.Migrations) }

// freshNumber returns the number of the last migration that Fresh includes.
func (s Schema) freshNumber() int {
	line, _, _ := strings.Cut(s.Fresh, "\n")
	number, _ := strconv.Atoi(line[strings.LastIndexByte(line, ' ')+1:])
	return number
}

// words replaces the words of engine in a statement by the SQL of SQLite. Unary plus makes a column
// an expression, for which there is no index, and does not change its value.
var words = strings.NewReplacer("UNINDEXED ", "+", "RARE(", "unlikely(", "keys_of(", "json_each(", "items_of(", "json_each(", "pairs_of(", "json_each(", "rows_of(", "json_each(", " BYTEWISE", "")

// localTypes does the same in a migration.
var localTypes = strings.NewReplacer("BIGINT", "INTEGER", "CLUSTERED", "WITHOUT ROWID")
