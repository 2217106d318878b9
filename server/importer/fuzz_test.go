package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/query"
)

func importSeeds(f *testing.F, pattern string) {
	files, err := filepath.Glob("../../testdata/import/" + pattern)
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

// drain reads all rows and turns them into entries. However a file looks, it has an
// end, and a row either is at fault or is a draft of its entity.
func drain(t *testing.T, im *Importer, file string) {
	for n := 1; ; n++ {
		r, err := im.rows.next()
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
			if e.fault == nil && (in.Field.ReadOnly || in.Field.Type == crm.Ref) {
				t.Fatalf("row %d sets %s", n, in.Field.Name)
			}
		}
	}
}

// fuzzImporter returns an importer without a store, of rows of a kind or, without one,
// of an exported workspace.
func fuzzImporter(t *testing.T, kind string) *Importer {
	schema, err := crm.NewSchema(crm.Entities...)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Env: query.For(schema, crm.Actor{Workspace: 1}, time.Unix(1e9, 0), nil), Entity: schema.ByName(kind)})
}

func FuzzImportRows(f *testing.F) {
	importSeeds(f, "*")
	f.Add(`[{"name":"x","company":{"name":[]}},{}]`)
	f.Add("Deal Name,Amount,Currency\nx,-.,CLF\n")
	f.Fuzz(func(t *testing.T, file string) {
		for _, e := range fuzzImporter(t, "").opts.Env.Schema.Records() {
			im := fuzzImporter(t, e.Name)
			if checkText([]byte(file)) != nil {
				continue
			}
			var err error
			if im.rows, err = im.reader(newRowFile(strings.NewReader(file))); err == nil {
				drain(t, im, file)
				im.columns.remarks()
			}
		}
	})
}

func FuzzImportWorkspace(f *testing.F) {
	importSeeds(f, "*.ndjson")
	f.Add(`{"crmkit":1,"workspace":"ws_1"}` + "\n" + `{"handle":"contact/"}` + "\n" + `{"end":true,"counts":{"contacts":1}}`)
	f.Fuzz(func(t *testing.T, file string) {
		im := fuzzImporter(t, "")
		var err error
		if im.rows, err = im.dump(newRowFile(strings.NewReader(file))); err == nil {
			drain(t, im, file)
		}
	})
}

// FuzzMinorUnits reads amounts: one that is accepted has as many digits as it was written
// with.
func FuzzMinorUnits(f *testing.F) {
	for _, text := range []string{"1,250.50", "1.250,50", "-0.5", "1,25", "$5", "1.234.567,8", ".", ",", "1,,2", "0.00"} {
		f.Add(text, 2)
	}
	f.Fuzz(func(t *testing.T, text string, decimals int) {
		if decimals < 0 || decimals > 4 {
			return
		}
		number, ok := toMinorUnits(text, decimals)
		if !ok {
			return
		}
		digits := func(s string) int {
			return len(s) - len(strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return -1
				}
				return r
			}, s))
		}
		if strings.Trim(strings.TrimPrefix(number, "-"), "0123456789") != "" || digits(number) > digits(text)+decimals || strings.HasPrefix(number, "-0") {
			t.Errorf("%q with %d decimals is %q", text, decimals, number)
		}
	})
}
