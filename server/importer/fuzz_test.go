package importer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/crm/norm"
	"crmkit/query"
)

func importSeeds(f *testing.F, pattern string) {
	files, err := filepath.Glob("../../testdata/import" + pattern)
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
}

// drain examines a file, reads all its rows and turns them into entries. Any file comes to an end,
// and a row has a fault or is a draft of its entity.
func drain(t *testing.T, im *Importer, file string) {
	reading, err := im.Examine(t.Context(), strings.NewReader(file))
	if err != nil {
		return
	}
	reading.Plan()
	if err := im.open(strings.NewReader(file)); err != nil {
		t.Fatalf("the second reading of %q: %v", file, err)
	}
	for n := 1; ; n++ {
		r, err := im.rows.Next()
		if err != nil {
			return
		}
		if n > len(file)+1 {
			t.Fatalf("%d rows from %d bytes", n, len(file))
		}
		e := im.read(r)
		if e.fault == nil && (e.draft.Entity == nil || e.draft.Entity != e.entity) {
			t.Fatalf("row %d is of no entity", n)
		}
		for _, in := range e.draft.Inputs {
			if e.fault == nil && in.Mode != crm.Keep && (in.Field.ReadOnly || in.Field.IsReference() && in.Value.Set()) {
				t.Fatalf("row %d sets %s", n, in.Field.Name)
			}
		}
	}
}

// fuzzImporter returns an importer without a store, of rows of a kind or, without one,
// of an exported workspace.
func fuzzImporter(t *testing.T, kind string) *Importer {
	schema, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Env: query.For(schema, crm.Actor{Workspace: 1}, time.Unix(1e9, 0), nil), Entity: schema.ByName(kind), Stated: map[string]string{}})
}

// FuzzImportCells puts a cell that begins like JSON into a column of every field, of every way to
// write a cell. People write brackets too: {Haus} Berlin.
func FuzzImportCells(f *testing.F) {
	for _, cell := range []string{"{", "[", "{}", "[]", "{Haus} Berlin", "[none", `{"name": "Acme"}`, `{"name":"a`, `["a", "b"]`, `[1,{"number":"5"}]`, `[{]`, `{"add":["a"]}`, "[\xff]", `{"a":1,"a":2}`, `["a"] b`, "NULL", "null", `{"a":null}`, `{"city":null}`} {
		f.Add(cell)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		for _, e := range fuzzImporter(t, "").opts.Env.Schema.Records() {
			names := []string{"Own", "Website", "E-mail", "Labels"}
			for i := range e.Fields {
				names = append(names, e.Fields[i].Name, e.Fields[i].Path())
			}
			var table bytes.Buffer
			_ = csv.NewWriter(&table).WriteAll(oneCellRows(names, cell))
			drain(t, fuzzImporter(t, e.Name), table.String())
			clearing := fuzzImporter(t, e.Name)
			clearing.opts.Stated["null"] = cell
			drain(t, clearing, table.String())
			var objects []byte
			for _, name := range names {
				for _, value := range []string{norm.QuoteJSON(cell), cell} {
					if json.Valid([]byte(value)) {
						objects = append(norm.AppendObject(objects, []crm.Member{{Name: name, JSON: strings.ReplaceAll(value, "\n", " ")}}), '\n')
					}
				}
			}
			drain(t, fuzzImporter(t, e.Name), string(objects))
		}
	})
}

// oneCellRows returns a table with a row for each column, in which that column alone has a cell.
func oneCellRows(names []string, cell string) [][]string {
	table := [][]string{names}
	for i := range names {
		row := make([]string, len(names))
		row[i] = cell
		table = append(table, row)
	}
	return table
}

func FuzzImportRows(f *testing.F) {
	importSeeds(f, "/*")
	importSeeds(f, "s/*/*.csv")
	f.Add(`[{"name":"x","company":{"name":[]}},{}]`)
	f.Add("Deal Name,Amount,Currency\nx,-.,CLF\n")
	f.Add("id,version,email,First Name,Mobile,custom.seats,company\nc_011p,3,NULL,NULL,NULL,NULL,NULL\n")
	f.Add(`[{"id":"c_011p","version":"3","phone":null,"custom":null,"custom.a":null,"address.city":null,"done":null,"amount":null,"":null},{"version":0}]`)
	f.Fuzz(func(t *testing.T, file string) {
		for _, e := range fuzzImporter(t, "").opts.Env.Schema.Records() {
			drain(t, fuzzImporter(t, e.Name), file)
			clearing := fuzzImporter(t, e.Name)
			clearing.opts.Stated["null"] = "NULL"
			drain(t, clearing, file)
		}
	})
}

func FuzzImportWorkspace(f *testing.F) {
	importSeeds(f, "/*.ndjson")
	f.Add(`{"crmkit":1,"workspace":"ws_1"}` + "\n" + `{"handle":"contact/c_011p","version":2,"name":null,"custom":{"a":null}}` + "\n" + `{"end":true,"counts":{"contacts":1}}`)
	f.Add(`{"crmkit":1,"workspace":"ws_1"}` + "\n" + `{"handle":"contact/"}` + "\n" + `{"end":true,"counts":{"contacts":1}}`)
	f.Fuzz(func(t *testing.T, file string) {
		im := fuzzImporter(t, "")
		drain(t, im, file)
	})
}
