package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// kindsInOrder are the kinds of records, each after those it refers to.
var kindsInOrder = []string{"companies", "contacts", "deals", "tickets", "tasks", "activities"}

// fixture is an export of a product, and what its .want file says of it.
type fixture struct {
	name, kind, text string
	query            string            // parameters of the request
	values           []wantedValue     // that rows must have
	refused          map[int]string    // why rows are refused, by their number
	found            map[string]string // as what a cell is found, by row and column
}

// wantedValue is what a row must have somewhere.
type wantedValue struct {
	row         int
	path, value string
}

var wantLine = regexp.MustCompile(`^(\d+) (ERROR |~)?([^=]*)(?:=(.*))?$`)

// readFixture reads a file and what is wanted of it.
func readFixture(t *testing.T, name string) *fixture {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	kind, _, _ := strings.Cut(filepath.Base(name), ".")
	f := &fixture{name: name, kind: kind, text: string(text), refused: map[int]string{}, found: map[string]string{}}
	lines, _ := os.ReadFile(name + ".want") // without one only the rule for all files holds
	for _, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		if query, is := strings.CutPrefix(line, "? "); is {
			f.query = query
		}
		m := wantLine.FindStringSubmatch(line)
		if m == nil {
			if line != "" && line[0] != '?' && line[0] != '#' {
				t.Fatalf("%s.want: %q is no line of it", name, line)
			}
			continue
		}
		row := 0
		fmt.Sscan(m[1], &row)
		switch m[2] {
		case "ERROR ":
			f.refused[row] = m[3]
		case "~":
			f.found[fmt.Sprint(row, m[3])] = m[4]
		default:
			f.values = append(f.values, wantedValue{row, m[3], strings.ReplaceAll(m[4], `\n`, "\n")})
		}
	}
	return f
}

// fixturesOf returns the fixtures of a product in the order in which they are imported.
func fixturesOf(t *testing.T, dir string) (list []*fixture) {
	for _, kind := range kindsInOrder {
		names, err := filepath.Glob(filepath.Join(dir, kind+".*"))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(names, func(a, b string) int { return len(a) - len(b) })
		for _, name := range names {
			if !strings.HasSuffix(name, ".want") {
				list = append(list, readFixture(t, name))
			}
		}
	}
	return list
}

// leastProducts is how many products have fixtures.
const leastProducts = 26

// TestExportsOfProducts imports the exports of each product: a dry run, then for real, then again,
// when nothing changes. Every cell of a file is in the records that are exported, and the records
// have nothing that no cell says.
func TestExportsOfProducts(t *testing.T) {
	dirs, err := filepath.Glob("../testdata/imports/[a-z]*")
	if err != nil || len(dirs) < leastProducts {
		t.Fatalf("%d products, at least %d are wanted: %v", len(dirs), leastProducts, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			r := newRig(t).as("jane@acme.com")
			said := map[string]map[string]string{}
			for _, f := range fixturesOf(t, dir) {
				handles, mapped := r.importThrice(f)
				records := r.exported()
				r.checkValues(f, handles, records)
				r.checkCells(f, handles, records, mapped)
				r.checkNothingElse(f, handles, records, said)
			}
		})
	}
}

// importThrice imports a fixture, and returns the handles of its rows and the columns with the
// fields to which the answer says they lead.
func (r *rig) importThrice(f *fixture) (handles map[int]string, mapped map[string]string) {
	r.t.Helper()
	path := "/import/" + f.kind + "?" + f.query
	dry := r.want(200, "POST", path+"&dry_run=1", f.text)
	text := r.want(200, "POST", path+"&format=json", f.text)
	handles, mapped = map[int]string{}, map[string]string{}
	counts := map[string]any{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			r.t.Fatalf("%s: %s", f.name, line)
		}
		n, _ := row["row"].(float64)
		switch {
		case row["complete"] == true:
			counts = row
		case row["remarks"] != nil:
			mapped = mappedColumns(fmt.Sprint(row["remarks"]))
		case row["error"] != nil && (f.refused[int(n)] == "" || !strings.Contains(fmt.Sprint(row["hint"]), f.refused[int(n)])):
			r.t.Errorf("%s: row %v is refused: %v", f.name, n, row["hint"])
		case row["handle"] != nil:
			handles[int(n)] = row["handle"].(string)
		}
	}
	said := fmt.Sprintf("dry run: %v created, %v updated, %v unchanged, %v failed", counts["created"], counts["updated"], counts["unchanged"], counts["failed"])
	if !strings.Contains(dry, said) || len(handles) == 0 {
		r.t.Errorf("%s: the import has %s, and the dry run:\n%s", f.name, said, dry)
	}
	again := r.want(200, "POST", path, f.text)
	if want := fmt.Sprintf("imported: 0 created, 0 updated, %d unchanged, %d failed", len(handles), len(f.refused)); !strings.Contains(again, want) {
		r.t.Errorf("%s: the second import did something:\n%s", f.name, again)
	}
	return handles, mapped
}

// mappedColumns reads the remark about the columns.
func mappedColumns(remark string) map[string]string {
	mapped := map[string]string{}
	for _, m := range regexp.MustCompile(`("[^;]*") -> ([^;\]]+)`).FindAllStringSubmatch(remark, -1) {
		for _, name := range strings.Split(m[1], `"+"`) {
			mapped[strings.Trim(name, `"`)], _, _ = strings.Cut(m[2], ", else ")
		}
	}
	return mapped
}

// exported returns all records by their handles, as JSON exports have them. The CSV exports have
// the same: they go in again and change nothing.
func (r *rig) exported() map[string]map[string]any {
	r.t.Helper()
	records := map[string]map[string]any{}
	for _, kind := range kindsInOrder {
		for _, line := range strings.Split(strings.TrimSpace(r.want(200, "GET", "/export/"+kind+"?format=ndjson", "")), "\n") {
			var rec map[string]any
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			if d.Decode(&rec) == nil {
				records[rec["handle"].(string)] = rec
			}
		}
		file := r.want(200, "GET", "/export/"+kind+"?format=csv", "")
		if strings.Count(file, "\n") < 2 {
			continue
		}
		if text := r.want(200, "POST", "/import/"+kind, file); !strings.Contains(text, "0 created, 0 updated") || !strings.Contains(text, " 0 failed") {
			r.t.Errorf("the CSV export of %s is not what it was:\n%s", kind, text)
		}
	}
	return records
}

// checkValues checks the values that a .want file names.
func (r *rig) checkValues(f *fixture, handles map[int]string, records map[string]map[string]any) {
	r.t.Helper()
	for _, w := range f.values {
		var value any = records[handles[w.row]]
		for _, key := range splitPath(w.path) {
			if object, is := value.(map[string]any); is {
				value = object[key]
			} else {
				value = nil
			}
		}
		list, _ := value.([]any)
		got := ""
		if value != nil {
			got = fmt.Sprint(value)
		}
		if got != w.value && !slices.ContainsFunc(list, func(item any) bool { return fmt.Sprint(item) == w.value }) {
			r.t.Errorf("%s: row %d has %s=%q, want %q", f.name, w.row, w.path, got, w.value)
		}
	}
}

// splitPath splits a path like custom.Lead Status at its first point.
func splitPath(path string) []string { return strings.SplitN(path, ".", 2) }

// checkCells looks for every cell of a file in the record of its row.
func (r *rig) checkCells(f *fixture, handles map[int]string, records map[string]map[string]any, mapped map[string]string) {
	r.t.Helper()
	product := products.ByName(filepath.Base(filepath.Dir(f.name)))
	for n, row := range f.rows(r.t) {
		rec := records[handles[n]]
		if rec == nil {
			continue
		}
		seen := sightOf(rec, records, product)
		for column, cell := range row {
			stated, is := f.found[fmt.Sprint(n, column)]
			if is {
				cell = stated
			}
			if cell != "" && !norm.IsNoDate(cell) && !seen.has(cell, mapped[column]) {
				r.t.Errorf("%s: row %d has %q in the column %q, and nothing of it is in %s", f.name, n, cell, column, seen)
			}
		}
	}
}

// checkNothingElse looks for every value of a record in the rows about it, of this file and of
// those before it.
func (r *rig) checkNothingElse(f *fixture, handles map[int]string, records map[string]map[string]any, said map[string]map[string]string) {
	r.t.Helper()
	product := products.ByName(filepath.Base(filepath.Dir(f.name)))
	for n, row := range f.rows(r.t) {
		handle := handles[n]
		if records[handle] == nil {
			continue
		}
		if said[handle] == nil {
			said[handle] = map[string]string{}
		}
		for column, cell := range row {
			said[handle][f.name+column] = cell
			if product != nil && product.ID != nil {
				said[handle][f.name+column+" id"] = product.ID(cell)
			}
		}
		for path, value := range sightOf(records[handle], records, product).own {
			if !inRow(said[handle], value) {
				r.t.Errorf("%s: row %d has become %s=%q, which no cell says: %q", f.name, n, path, value, row)
			}
		}
	}
}
