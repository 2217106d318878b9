package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
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

// drain reads all rows and turns them into entries. Any file comes to an end, and a row has a
// fault or is a draft of its entity.
func drain(t *testing.T, im *Importer, file string) {
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
			if e.fault == nil && in.Mode != crm.Keep && (in.Field.ReadOnly || in.Field.IsReference()) {
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
	return New(Options{Env: query.For(schema, crm.Actor{Workspace: 1}, time.Unix(1e9, 0), nil), Entity: schema.ByName(kind)})
}

func FuzzImportRows(f *testing.F) {
	importSeeds(f, "/*")
	importSeeds(f, "s/*/*.csv")
	f.Add(`[{"name":"x","company":{"name":[]}},{}]`)
	f.Add("Deal Name,Amount,Currency\nx,-.,CLF\n")
	f.Fuzz(func(t *testing.T, file string) {
		for _, e := range fuzzImporter(t, "").opts.Env.Schema.Records() {
			im := fuzzImporter(t, e.Name)
			if im.open(strings.NewReader(file)) == nil {
				drain(t, im, file)
				im.columns.Remarks()
			}
		}
	})
}

func FuzzImportWorkspace(f *testing.F) {
	importSeeds(f, "/*.ndjson")
	f.Add(`{"crmkit":1,"workspace":"ws_1"}` + "\n" + `{"handle":"contact/"}` + "\n" + `{"end":true,"counts":{"contacts":1}}`)
	f.Fuzz(func(t *testing.T, file string) {
		im := fuzzImporter(t, "")
		if im.open(strings.NewReader(file)) == nil {
			drain(t, im, file)
		}
	})
}
