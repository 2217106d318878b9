package store

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/query"
	"crmkit/store/table"
)

// handWritten are columns that are not of a field of the entity. Go code writes them.
var handWritten = map[string][]string{
	"tokens":  {"client TEXT", "made_by INTEGER", "workspace_id INTEGER"},
	"members": {"user_id INTEGER"},
	"changes": {"change_group INTEGER", "run INTEGER"},
}

// columnsOf returns the columns that the code reads and writes for an entity, with their types.
func columnsOf(e *crm.Entity) []string {
	columns := append([]string{"key INTEGER", e.ScopeColumn() + " INTEGER"}, handWritten[e.TableName()]...)
	if e.IsView() {
		columns = append(columns, "id TEXT")
	}
	for i := range e.Fields {
		f := &e.Fields[i]
		kind := " TEXT"
		switch f.Type {
		case fieldtype.Integer, fieldtype.Time, fieldtype.Reference:
			kind = " INTEGER"
		}
		if !f.Stored() {
			continue
		}
		for _, name := range table.FieldColumns(f) {
			columns = append(columns, name+kind)
		}
	}
	slices.Sort(columns)
	return columns
}

func TestTablesHoldExactlyTheFieldsOfTheirEntities(t *testing.T) {
	f := openAt(t, Memory)
	for _, e := range f.Schema.Entities {
		got := f.raw(1, "SELECT name || ' ' || type FROM pragma_table_info($1) ORDER BY 1", e.TableName())
		if want := columnsOf(e); !slices.Equal(got, want) {
			t.Errorf("table %s has the columns\n%s\nthe code uses\n%s", e.Plural, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
}

func TestRequiredFieldsAreNotNull(t *testing.T) {
	f := openAt(t, Memory)
	for _, e := range f.Schema.Entities {
		if len(f.raw(1, "SELECT name FROM sqlite_master WHERE type = 'view' AND name = $1", e.TableName())) > 0 {
			continue // its columns are those of the tables that it reads
		}
		free := f.raw(1, `SELECT name FROM pragma_table_info($1) WHERE "notnull" = 0 AND pk = 0`, e.TableName())
		for i := range e.Fields {
			field := &e.Fields[i]
			if must := field.Required || field.Default != ""; must && slices.Contains(free, field.Col()) {
				t.Errorf("%s.%s is always set, but its column takes NULL", e.Plural, field.Col())
			}
			if settable := !field.ReadOnly && !field.Required && field.Default == ""; settable && field.Stored() && !slices.Contains(free, field.Col()) {
				t.Errorf("%s.%s may be unset, but its column refuses NULL", e.Plural, field.Col())
			}
		}
	}
}

func TestEveryTableIsStrict(t *testing.T) {
	f := openAt(t, Memory)
	if loose := f.raw(1, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND strict = 0"); len(loose) > 0 {
		t.Errorf("tables that are not STRICT: %v", loose)
	}
}

func TestMigrationsSpeakBothEngines(t *testing.T) {
	comments := regexp.MustCompile(`--[^\n]*`)
	foreign := regexp.MustCompile(`(?i)\b(INTEGER|INT|AUTOINCREMENT|DATETIME|CURRENT_TIMESTAMP|COLLATE|json_\w+|WITHOUT)\b|now\(`)
	list, err := FileSchema().Load()
	if err != nil || len(list) == 0 {
		t.Fatalf("%d migrations, %v", len(list), err)
	}
	for _, m := range list {
		if found := foreign.FindAllString(comments.ReplaceAllString(m.SQL, ""), -1); len(found) > 0 {
			t.Errorf("%s uses %q, which are not the words of both engines", m.Name, found)
		}
	}
}

// TestLibcIsPinned checks that modernc.org/libc has the version in the go.mod of
// modernc.org/sqlite. The documentation of modernc.org/sqlite requires exactly this version.
func TestLibcIsPinned(t *testing.T) {
	tool := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "go", args...).Output()
		if err != nil {
			t.Fatalf("go %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	ours := tool("list", "-m", "-f", "{{.Version}}", "modernc.org/libc")
	file, err := os.ReadFile(tool("list", "-m", "-f", "{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	theirs := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(file)
	if theirs == nil || string(theirs[1]) != ours {
		t.Errorf("modernc.org/libc is %s, modernc.org/sqlite asks for %q", ours, theirs)
	}
}

// TestIndexedFieldsHaveAnIndex checks that fields with Indexed or RangeIndexed have an index of the
// workspace and the column. Rows with the same value are then in the order of keys.
func TestIndexedFieldsHaveAnIndex(t *testing.T) {
	f := onFile(t)
	for _, e := range f.Schema.Entities {
		for i := range e.Fields {
			if field := &e.Fields[i]; field.Indexed || field.RangeIndexed {
				name := e.Plural + "_" + strings.TrimSuffix(field.Name, "_at")
				if columns := f.raw(1, "SELECT name FROM pragma_index_info('"+name+"') ORDER BY seqno"); !slices.Equal(columns, []string{"workspace_id", field.Col()}) {
					t.Errorf("the index %s has the columns %v", name, columns)
				}
			}
		}
	}
}

// TestSearchedReferencesLeadToNames checks what the text index relies on: a search reads the label
// of a referenced record, and the label is the first searched field of its kind.
func TestSearchedReferencesLeadToNames(t *testing.T) {
	for _, e := range builtin(t).Entities {
		for _, field := range query.SearchFieldsOf(e).Refs {
			if by := field.Inherited(); by != nil {
				field = e.Field(by.Alternate)
			}
			if to := e.Target(field); len(to.Search) == 0 || to.Search[0] != to.LabelField || !slices.Contains(e.Search, field.Path()+"."+to.LabelField) {
				t.Errorf("%s are searched through %s, but %s are searched by %v and have the label %s", e.Plural, field.Name, to.Plural, to.Search, to.LabelField)
			}
		}
	}
}
