package store

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"crmkit/store/sqlite"
)

var update = flag.Bool("update", false, "write schema.sql")

// runSQL runs statements on a file without the store, as another program with SQLite could.
func runSQL(path string, texts ...string) error {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, text := range texts {
		if _, err := db.Exec(text); err != nil {
			return err
		}
	}
	return nil
}

// TestNewSchema compares a file made from schema.sql with one made by all migrations, one after
// the other. Both have the same statements for tables and indexes, the same rows, and the same
// list of migrations.
func TestNewSchema(t *testing.T) {
	schema := FileSchema()
	steps, err := schema.Load()
	must(t, err)
	schema.Fresh = ""
	made, notes := dumpSchema(t, schema)
	want := fmt.Sprintf("-- Made by TestNewSchema from the migrations up to %d\n%s", len(steps), made)
	if *update {
		must(t, os.WriteFile("schema.sql", []byte(want), 0o644))
		return
	}
	if freshSchema != want {
		t.Fatal("schema.sql is not what the migrations make; run go test ./store -run TestNewSchema -update")
	}
	got, same := dumpSchema(t, FileSchema())
	if got != made {
		t.Errorf("a file made from schema.sql has another schema:\n%s", got)
	}
	if !slices.Equal(notes, same) || len(notes) != len(steps) {
		t.Errorf("the file lists the migrations %v, and with each of them run %v", same, notes)
	}
}

// dumpSchema creates a database with a schema, and returns its statements and rows as SQL, and the
// list of its migrations.
func dumpSchema(t *testing.T, schema sqlite.Schema) (text string, notes []string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Options{Path: Memory, Schema: schema})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	column := func(text string) []string {
		list, err := db.Writers()[0].Texts(t.Context(), text)
		must(t, err)
		return list
	}
	const own = " FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'migrations' "
	var b strings.Builder
	for _, made := range column("SELECT sql" + own + "ORDER BY rowid") {
		b.WriteString(made + ";\n")
	}
	for _, name := range column("SELECT name" + own + "AND type = 'table' ORDER BY rowid") {
		quoted := column("SELECT 'quote(' || name || ')' FROM pragma_table_info('" + name + "')")
		for _, row := range column("SELECT " + strings.Join(quoted, " || ', ' || ") + " FROM " + name + " ORDER BY 1") {
			fmt.Fprintf(&b, "INSERT INTO %s VALUES (%s);\n", name, row)
		}
	}
	return b.String(), column("SELECT number || name || checksum FROM migrations ORDER BY number")
}
