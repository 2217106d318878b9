package move

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
)

// opener returns the function that opens a database as a move does.
func opener(path string) func(context.Context, engine.Role) (engine.Whole, error) {
	return func(ctx context.Context, role engine.Role) (engine.Whole, error) {
		schema, err := catalog.Schema()
		if err != nil {
			return nil, err
		}
		return store.OpenWhole(ctx, store.Options{Path: path, Schema: schema, LockAs: "crmkit move"}, role)
	}
}

// whole opens a database until the end of the test, or until the test closes it.
func whole(t *testing.T, path string, role engine.Role) engine.Whole {
	t.Helper()
	w, err := opener(path)(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// moved moves a database.
func moved(t *testing.T, from, to string) Summary {
	t.Helper()
	sum, err := Run(t.Context(), Options{From: opener(from), To: opener(to), pageRows: 7})
	if err != nil {
		t.Fatalf("from %s to %s: %v", from, to, err)
	}
	return sum
}

func newFile(t *testing.T) string { return filepath.Join(t.TempDir(), "crm.db") }

// engines returns a function for each engine that names a new database, which does not exist or is
// empty.
var engines = map[string]func(*testing.T) string{"file": newFile, "postgres": func(t *testing.T) string { return pgtest.Database(t) }}

// servedFile makes a file on which a server has started, and which has a user.
func servedFile(t *testing.T) (path string) {
	t.Helper()
	path = newFile(t)
	must(t, closed(opened(t, path)))
	w := whole(t, path, engine.Leave)
	must(t, inWrite(w, func() error {
		_, err := w.Exec("INSERT INTO users (number, id, email, created_at) VALUES (1, 'u_1', 'jane@acme.com', 1)")
		return err
	}))
	must(t, w.Close())
	return path
}

// opened opens a store as a server does.
func opened(t *testing.T, path string) (*store.Store, error) {
	t.Helper()
	schema, err := catalog.Schema()
	must(t, err)
	return store.Open(t.Context(), store.Options{Path: path, Schema: schema, LockAs: "crmkit serve"})
}

func closed(s *store.Store, err error) error {
	if err != nil {
		return err
	}
	return s.Close()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantRefusal checks that an error has all words, and no password.
func wantRefusal(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q; want one with %q", err, word)
		}
	}
	if strings.Contains(err.Error(), pgtest.Password) {
		t.Errorf("the error shows the password: %v", err)
	}
}

// contents returns all rows of all moved tables, read in the simplest way.
func contents(t *testing.T, path string) map[string][]string {
	t.Helper()
	w := whole(t, path, engine.Look)
	defer w.Close()
	tables, err := w.Tables(t.Context())
	must(t, err)
	all := map[string][]string{}
	for _, table := range tables {
		if alone[table.Name] != "" {
			continue
		}
		slices.SortFunc(table.Columns, func(a, b engine.Column) int { return strings.Compare(a.Name, b.Name) })
		var names []string
		for _, c := range table.Columns {
			names = append(names, engine.Quote(c.Name))
		}
		rows := []string{}
		must(t, w.Rows(t.Context(), "SELECT "+strings.Join(names, ", ")+" FROM "+table.Name, nil, func(scan func(...any) error) error {
			row, dest := make([]any, len(names)), make([]any, len(names))
			for i := range row {
				dest[i] = &row[i]
			}
			err := scan(dest...)
			rows = append(rows, fmt.Sprintf("%#v", row))
			return err
		}))
		slices.Sort(rows)
		all[table.Name] = rows
	}
	return all
}

// wantSame checks that two databases have the same rows.
func wantSame(t *testing.T, want map[string][]string, path string) {
	t.Helper()
	got := contents(t, path)
	if len(got) != len(want) {
		t.Errorf("%d tables, want %d", len(got), len(want))
	}
	for name, rows := range want {
		if slices.Equal(got[name], rows) {
			continue
		}
		t.Errorf("%s has %d rows, want %d", name, len(got[name]), len(rows))
		for i := range min(len(rows), len(got[name])) {
			if rows[i] != got[name][i] {
				t.Errorf("%s has %.300s\nwant %.300s", name, got[name][i], rows[i])
				break
			}
		}
	}
}

// filler fills all tables of a file with random rows.
type filler struct {
	*rand.Rand
	t    *testing.T
	w    engine.Whole
	used int              // makes texts unique
	keys map[string][]any // of the first column of the key, by table
}

// filled makes a file with random rows in every table.
func filled(t *testing.T, seed uint64, rows int) (path string) {
	t.Helper()
	path = newFile(t)
	must(t, closed(opened(t, path)))
	f := &filler{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, w: whole(t, path, engine.Leave), keys: map[string][]any{}}
	tables, err := f.w.Tables(t.Context())
	must(t, err)
	must(t, f.w.Run(t.Context(), "PRAGMA foreign_keys = 0"))
	must(t, inWrite(f.w, func() error {
		for range 3 { // rows refer to those of earlier rounds, and so to higher keys too
			for _, table := range tables {
				if alone[table.Name] == "" {
					f.fill(table, rows)
				}
			}
		}
		// PostgreSQL adds these, see TestHeadsAreMade.
		_, err := f.w.Exec("INSERT INTO usage (workspace_id, kind, last, n, latest, astray) SELECT number, 'storage', 0, 0, 0, 0 FROM workspaces UNION ALL SELECT 0, 'storage', 0, 0, 0, 0 ON CONFLICT DO NOTHING")
		return err
	}))
	must(t, f.w.Close())
	return path
}

// fill adds rows to a table. It leaves out those that refer to a table without rows, or that have a
// unique value that another has.
func (f *filler) fill(table engine.Table, n int) {
	f.t.Helper()
	for range 1 + f.IntN(n) {
		row := make([]any, len(table.Columns))
		for i, c := range table.Columns {
			row[i] = f.value(table, c, slices.Contains(table.Key, i))
		}
		if slices.Contains(row, any(missing)) {
			continue
		}
		changed, err := f.w.Exec("INSERT OR IGNORE INTO "+table.Head()+" VALUES (?"+strings.Repeat(",?", len(row)-1)+")", row...)
		must(f.t, err)
		if changed > 0 {
			f.keys[table.Name] = append(f.keys[table.Name], row[table.Key[0]])
		}
	}
}

// missing is the value of a reference that must be there, to a table without rows.
const missing = "missing"

// value returns a value for a column.
func (f *filler) value(table engine.Table, c engine.Column, isKey bool) any {
	var required bool
	must(f.t, f.w.Row(`SELECT "notnull" FROM pragma_table_info($1) WHERE name = $2`, []any{table.Name, c.Name}, &required))
	var parent string
	refers, err := engine.Found(f.w.Row(`SELECT "table" FROM pragma_foreign_key_list($1) WHERE "from" = $2`, []any{table.Name, c.Name}, &parent))
	must(f.t, err)
	switch {
	case refers && len(f.keys[parent]) > 0 && (required || f.IntN(3) > 0):
		return f.keys[parent][f.IntN(len(f.keys[parent]))]
	case refers && required:
		return missing
	case !required && !isKey && (refers || f.IntN(3) == 0):
		return nil
	case !c.Text && isKey:
		return f.Int64N(1 << 62)
	case !c.Text:
		return []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1_780_000_000_000}[f.IntN(6)]
	}
	if form := formOf(table.Name, c.Name); form != "" {
		return fmt.Sprintf(form, f.used)
	}
	return f.text(table.Name, c.Name)
}

// formOf returns the form of a column that has JSON.
func formOf(table, column string) string {
	for i := range catalog.Entities {
		e := &catalog.Entities[i]
		for j := range e.Fields {
			if e.Plural == table && e.Fields[j].Col() == column {
				return map[crm.Kind]string{crm.ListKind: `["tag %d"]`, crm.ObjectKind: `{"plan":%d}`}[e.Fields[j].Type.Kind()]
			}
		}
	}
	return ""
}

// pieces are texts with all that an engine, a format or a language could change on the way.
var pieces = []string{"", "Jane", "Ärger & Söhne", "e\u0301", "東京 都", "Ωμέγα", "עברית", "العربية", "😀👩‍👩‍👧", "\t", "\n", "\r\n", `\`, `\N`, `\.`, `"`, "'", "$1", "{}", `["a","ü\\u0000"]`, "\x01\x7f",
	"\ufffe", "\U0010ffff", "NULL", " ", "  end ", "%", "a\\tb", "main.x", "keys_of(", "UNINDEXED "}

// text returns a text that no other row has. Where no index forbids it, it may be as long as a
// megabyte.
func (f *filler) text(table, column string) string {
	f.used++
	text := fmt.Sprint(f.used)
	for range f.IntN(5) {
		text += pieces[f.IntN(len(pieces))]
	}
	if f.IntN(200) == 0 && slices.Contains([]string{"notes", "body", "content", "description", "json", "decided"}, column) {
		text += strings.Repeat(pieces[1+f.IntN(12)], 1<<20/10)
	}
	return text
}
