package store

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/query"
	"crmkit/store/storetest/kit"
)

// oddValues are values for filters that a database could take for something else.
var oddValues = []string{"", "null", "\x00", "a\x00b", "\xff", "\ud7ff", "'", `"`, `\`, "%", "_", "$1", "a b", " arger ", "ARGER", "ärger", "日本", "\u0301", "0", "-1", "9223372036854775807", "9223372036854775808", "1e400", "2026-06-10", "-1d", "9999-12-31T23:59:59.999Z", strings.Repeat("x", 3000), "a,b", "is:null"}

// sample returns a function that reports whether a case is tried: one in four at random, or with -short
// one in twenty. There are many, and the seed is another in each run.
func sample(t *testing.T) func() bool {
	t.Helper()
	random := rand.New(rand.NewPCG(kit.Seed(t), 3))
	most := 4
	if testing.Short() {
		most = 20
	}
	return func() bool { return random.IntN(most) == 0 }
}

// engineTwins returns a store on PostgreSQL and one of SQLite in memory with all caches, with the same
// records.
func engineTwins(t *testing.T, n int) (postgres, sqlite *fixture, actor crm.Actor) {
	t.Helper()
	postgres, sqlite = openAt(t, Postgres(t)), cached(t)
	for _, f := range []*fixture{postgres, sqlite} {
		actor = f.member("ann@example.com")
		f.records(f.member("bob@example.com"), 3)
		f.records(actor, n)
		random := rand.New(rand.NewPCG(5, 5))
		for _, kind := range []string{"contact", "company", "deal"} {
			for _, rec := range f.list(actor, kind, "limit=200&sort=id").Records {
				if _, err := f.tryUpdate(actor, rec.Key, Draft{Entity: rec.Entity, Inputs: edits(rec.Entity, random)}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return postgres, sqlite, actor
}

// answer returns what a list answers, in one line: the keys of its records, the total and the error.
func (f *fixture) answer(actor crm.Actor, e *crm.Entity, params url.Values) string {
	f.t.Helper()
	env := query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace, Country: "DE", Secret: []byte("of both")}
	q, fault := query.Parse(f.Schema.ByName(e.Name), params, env)
	if fault != nil {
		return fault.Error()
	}
	page, err := f.List(f.t.Context(), actor, q)
	if err != nil {
		return err.Error()
	}
	line := fmt.Sprint(page.Total, page.TotalExact, page.More, page.NoExactMatch)
	for _, rec := range page.Records {
		line += fmt.Sprint(" ", rec.Key)
	}
	return line
}

// agree reports a list that the engines answer differently, and whether they find a record.
func agree(postgres, sqlite *fixture, actor crm.Actor, e *crm.Entity, params url.Values) (found bool) {
	got, want := postgres.answer(actor, e, params), sqlite.answer(actor, e, params)
	if got != want {
		postgres.t.Errorf("%s?%s\nis on PostgreSQL\n%s\nand on SQLite\n%s", e.Plural, params.Encode(), got, want)
	}
	return strings.HasPrefix(want, "true") || !strings.HasPrefix(want, "0")
}

// TestEnginesFilterAlike compares the answers of both engines to each filter: each field with each
// operator, and values of which some are found, and some are odd.
func TestEnginesFilterAlike(t *testing.T) {
	postgres, sqlite, ann := engineTwins(t, 25)
	tried := sample(t)
	for _, e := range postgres.Schema.Records() {
		for i := range e.Fields {
			field := &e.Fields[i]
			name := field.Name
			if field.Type == fieldtype.Object {
				name += ".a"
			}
			for _, op := range query.Ops {
				for _, value := range append(slices.Clone(oddValues), valuesOf(sqlite, ann, e, field)...) {
					if tried() {
						agree(postgres, sqlite, ann, e, url.Values{name: {op.Name + ":" + value}, "limit": {"200"}})
					}
				}
			}
		}
	}
}

// valuesOf returns some values that records have in a field, as filters take them, and parts of them.
func valuesOf(f *fixture, actor crm.Actor, e *crm.Entity, field *crm.Field) (list []string) {
	for _, rec := range f.list(actor, e.Name, "limit=4&sort=-id").Records {
		v := field.Type.Show(rec, rec.Entity.Index(field.Name))
		switch {
		case field.Type == fieldtype.Reference && v.Int != 0:
			list = append(list, crm.RecordID(e.Target(field).Prefix, v.Int))
		case v.Text != "":
			list = append(list, v.Text, v.Text[:len(v.Text)/2])
		default:
			list = append(list, append(v.List(), fmt.Sprint(v.Int))...)
		}
		for _, m := range v.Members() {
			list = append(list, strings.Trim(m.JSON, `"`))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestEnginesOrderAlike compares the pages of both engines in each order, with cursors.
func TestEnginesOrderAlike(t *testing.T) {
	postgres, sqlite, ann := engineTwins(t, 40)
	tried := sample(t)
	for _, e := range postgres.Schema.Records() {
		for i := range e.Fields {
			field := &e.Fields[i]
			if !query.Sortable(e, field) || !tried() {
				continue
			}
			for _, sort := range []string{field.Name, "-" + field.Name} {
				params := "limit=7&sort=" + sort
				if got, want := postgres.walk(ann, e.Name, params), sqlite.walk(ann, e.Name, params); !slices.Equal(got, want) {
					t.Errorf("%s?%s is on PostgreSQL\n%v\nand on SQLite\n%v", e.Plural, params, got, want)
				}
			}
		}
	}
}

// TestEnginesSearchAlike compares searches, their ranks and suggestions on both engines.
func TestEnginesSearchAlike(t *testing.T) {
	postgres, sqlite, ann := engineTwins(t, 25)
	for _, f := range []*fixture{postgres, sqlite} {
		random := rand.New(rand.NewPCG(8, 1))
		p := &searchProgram{fixture: f, actor: ann, random: random}
		for round := range 60 {
			p.create(round)
		}
	}
	texts := append(slices.Clone(searchedWords), "ärger söhne", "b_b 10%", "c_01", "contact/c_0111", "müll halde", "a b c", "4930 vip", "x", "köln", "jurgen")
	tried := sample(t)
	for _, e := range postgres.Schema.Records() {
		for _, text := range append(texts, oddValues...) {
			if !tried() {
				continue
			}
			for _, sort := range []string{"", "name", "-updated_at"} {
				params := url.Values{"search": {text}, "limit": {"200"}}
				if sort != "" {
					params["sort"] = []string{sort}
				}
				agree(postgres, sqlite, ann, e, params)
			}
			if got, want := postgres.ranked(ann, e, text), sqlite.ranked(ann, e, text); got != want {
				t.Errorf("a search of %s for %q finds on PostgreSQL\n%s\nand on SQLite\n%s", e.Plural, text, got, want)
			}
		}
	}
}

// ranked returns what a ranked search answers, in one line.
func (f *fixture) ranked(actor crm.Actor, e *crm.Entity, text string) string {
	env := query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace, Country: "DE", Secret: []byte("of both")}
	s, fault := query.Find(f.Schema.ByName(e.Name), text, env)
	if fault != nil {
		return fault.Error()
	}
	page, err := f.Search(f.t.Context(), actor, s)
	line := fmt.Sprint(page.Total, page.TotalExact, page.More, err)
	for _, rec := range page.Records {
		line += fmt.Sprint(" ", rec.Key)
	}
	return line
}
