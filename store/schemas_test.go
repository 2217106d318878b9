package store

import (
	"slices"
	"strings"
	"testing"
)

// TestSchemasOfTheEnginesAreAlike compares the tables of PostgreSQL with those of SQLite: their columns,
// which of them are always set, keys and indexes. Texts are ordered by their bytes, and references may
// be checked at the end of a transaction.
func TestSchemasOfTheEnginesAreAlike(t *testing.T) {
	postgres, sqlite := openAt(t, Postgres(t)), openAt(t, Memory)
	own := []string{"batches", "migrations", "words"} // of PostgreSQL alone, or of another form
	tables := func(f *fixture) []string {
		return slices.DeleteFunc(f.catalog().Tables(), func(table string) bool { return slices.Contains(own, table) })
	}
	got, want := tables(postgres), tables(sqlite)
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Fatalf("PostgreSQL has the tables\n%s\nSQLite has\n%s", got, want)
	}
	for _, table := range got {
		got, want := postgres.schemaOf(table), sqlite.schemaOf(table)
		got = slices.DeleteFunc(got, func(line string) bool { // PostgreSQL may have further indexes
			return strings.HasPrefix(line, "index ") && !slices.Contains(want, line)
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s is on PostgreSQL\n%s\nand on SQLite\n%s", table, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if other := postgres.raw(1, `SELECT k.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid JOIN pg_collation c ON c.oid = a.attcollation
		WHERE k.relnamespace = current_schema()::regnamespace AND k.relkind IN ('r', 'i') AND a.attnum > 0 AND c.collname <> 'C'`); len(other) > 0 {
		t.Errorf("these are not ordered by bytes: %q", other)
	}
	if fixed := postgres.raw(1, "SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT condeferrable"); len(fixed) > 0 {
		t.Errorf("these references cannot be checked at the end of a transaction: %q", fixed)
	}
	if types := postgres.raw(1, "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1"); !slices.Equal(types, []string{"bigint", "text"}) {
		t.Errorf("columns have the types %q", types)
	}
}

// schemaOf returns the columns, references and indexes of a table, each in a line.
func (f *fixture) schemaOf(table string) (lines []string) {
	f.t.Helper()
	lines = f.catalog().Columns(table)
	for i := range lines {
		lines[i] = "column " + lines[i]
	}
	parts := []string{
		"SELECT 'set ' || name FROM pragma_table_info($1) WHERE \"notnull\" = 1 OR pk > 0",
		"SELECT 'reference ' || \"from\" || ' ' || \"table\" || ' ' || on_delete FROM pragma_foreign_key_list($1)",
		`SELECT 'index ' || l.name || ' ' || l."unique" || ' ' || l.partial || ' ' || COALESCE((SELECT STRING_AGG(COALESCE(i.name, '(expression)'), ' ' ORDER BY i.seqno) FROM pragma_index_info(l.name) i), '') FROM pragma_index_list($1) l WHERE l.origin = 'c'`,
	}
	if f.opts.Shared() {
		parts = []string{
			"SELECT 'set ' || column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 AND is_nullable = 'NO'",
			`SELECT 'reference ' || a.attname || ' ' || c.confrelid::regclass || ' ' || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END
				FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f' AND c.conrelid = $1::regclass`,
			`SELECT 'index ' || k.relname || ' ' || i.indisunique::INT || ' ' || (i.indpred IS NOT NULL)::INT || ' ' || (SELECT STRING_AGG(COALESCE(a.attname, '(expression)'), ' ' ORDER BY k.n)
				FROM UNNEST(i.indkey) WITH ORDINALITY k (attnum, n) LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
				FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid JOIN pg_am m ON m.oid = k.relam WHERE i.indrelid = $1::regclass AND m.amname = 'btree' AND NOT i.indisprimary
				AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)`,
		}
	}
	for _, text := range parts {
		lines = append(lines, f.raw(1, text, table)...)
	}
	slices.Sort(lines)
	return lines
}
