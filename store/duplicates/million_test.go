package duplicates_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/crm/alike/aliketest"
	"crmkit/crm/catalog"
	"crmkit/store"
	"crmkit/store/duplicates"
	"crmkit/store/engine"
	"crmkit/store/postgres/pgtest"
	"crmkit/store/table"
)

const workspace = 7

// options returns the options of a store.
func options(t testing.TB, path string) store.Options {
	t.Helper()
	schema, err := catalog.Schema()
	must(t, err)
	return store.Options{Path: path, Schema: schema, LockAs: "crmkit test"}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill makes a database with the people and companies of a set, and returns how long the computation
// of their keys took.
func fill(t testing.TB, path string, set aliketest.Set) (took time.Duration) {
	t.Helper()
	opts := options(t, path)
	s, err := store.Open(t.Context(), opts)
	must(t, err)
	must(t, s.Close())
	w, err := store.OpenWhole(t.Context(), opts, engine.Leave)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	must(t, w.BeginWrite([]int64{0}))
	companies := rows{conn: w, table: "companies", columns: "key, workspace_id, name, domain, version, created_at, created_by, updated_at, updated_by, name_fold"}
	for i, c := range set.Companies {
		companies.add(t, crm.RecordKey(workspace, int64(i+1)), int64(workspace), c.Name, c.Domain, int64(1), int64(i), "a@b.example", int64(i), "a@b.example", strings.ToLower(c.Name))
	}
	companies.flush(t)
	contacts := rows{conn: w, table: "contacts", columns: "key, workspace_id, name, email, phone, title, company_id, other_phones, version, created_at, created_by, updated_at, updated_by, name_fold"}
	for i, p := range set.People {
		var company, others any
		if p.Company > 0 {
			company = crm.RecordKey(workspace, int64(p.Company))
		}
		if len(p.OtherPhones) > 0 {
			others = table.Arg(crm.Labels(p.OtherPhones))
		}
		contacts.add(t, crm.RecordKey(workspace, int64(i+1)), int64(workspace), p.Name, table.NullText(p.Email), table.NullText(p.Phone), table.NullText(p.Title), company, others,
			int64(1), int64(i), "a@b.example", int64(i), "a@b.example", strings.ToLower(p.Name))
	}
	contacts.flush(t)
	begin := time.Now()
	must(t, duplicates.Rebuild(context.Background(), w, catalog.Entities))
	took = time.Since(begin)
	must(t, w.Complete(context.Background())) // PostgreSQL counts what is in the tables
	must(t, w.Commit())
	return took
}

// rows are rows that are written some at a time.
type rows struct {
	conn    engine.Conn
	table   string
	columns string
	values  []string
	args    []any
}

func (r *rows) add(t testing.TB, args ...any) {
	t.Helper()
	r.values = append(r.values, "("+table.Placeholders(len(r.args)+1, len(args))+")")
	if r.args = append(r.args, args...); len(r.values) == 20 {
		r.flush(t)
	}
}

func (r *rows) flush(t testing.TB) {
	t.Helper()
	if len(r.values) > 0 {
		must(t, r.conn.Send(fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", r.table, r.columns, strings.Join(r.values, ", ")), r.args...))
	}
	r.values, r.args = nil, nil
}

// found is what all pages of pairs have.
type found struct {
	pages   int
	pairs   map[alike.Verdict]int
	doubles map[[2]int64]bool
	longest time.Duration
}

// findAll goes through all contacts of the workspace as requests do.
func findAll(t testing.TB, s *store.Store) (all found) {
	t.Helper()
	e := s.Schema.ByName("contact")
	actor := crm.Actor{Workspace: workspace, Country: "DE", User: 1, Role: crm.RoleAdmin}
	all = found{pairs: map[alike.Verdict]int{}, doubles: map[[2]int64]bool{}}
	for place, done := (alike.Place{}), false; !done; all.pages++ {
		begin := time.Now()
		must(t, s.View(t.Context(), actor, func(v *store.View) error {
			source, err := v.Duplicates(e)
			if err != nil {
				return err
			}
			pass := alike.Pass{Source: source, Place: place, Until: begin.Add(700 * time.Millisecond)}
			pairs, err := pass.Next(200)
			for _, pair := range pairs {
				all.pairs[pair.Verdict]++
				all.doubles[[2]int64{pair.A.Key, pair.B.Key}] = true
			}
			place, done = pass.Place, pass.Done
			return err
		}))
		all.longest = max(all.longest, time.Since(begin))
	}
	return all
}

// engines returns a function for each engine that names a new database.
var engines = map[string]func(testing.TB) string{
	"file":     func(t testing.TB) string { return filepath.Join(t.TempDir(), "crm.db") },
	"postgres": func(t testing.TB) string { return pgtest.Database(t) },
}

// TestEnginesFindTheSame finds the doubles of a small set in a database of each engine, and compares
// them with what is known of the set.
func TestEnginesFindTheSame(t *testing.T) {
	set := aliketest.Generate(3, 2000)
	var counts []string
	for name, path := range engines {
		path := path(t)
		fill(t, path, set)
		s, err := store.Open(t.Context(), options(t, path))
		must(t, err)
		all := findAll(t, s)
		missing := 0
		for _, d := range set.Doubles {
			if d.Kind != aliketest.Nickname && !all.doubles[[2]int64{crm.RecordKey(workspace, int64(d.A+1)), crm.RecordKey(workspace, int64(d.B+1))}] {
				missing++
			}
		}
		if missing > 20 || len(all.doubles) != all.pairs[alike.Same]+all.pairs[alike.Likely] {
			t.Errorf("%s: %d of %d doubles are missing; %d pairs, %v", name, missing, len(set.Doubles), len(all.doubles), all.pairs)
		}
		counts = append(counts, fmt.Sprint(all.pairs))
		must(t, s.Close())
	}
	if counts[0] != counts[1] {
		t.Errorf("one engine finds %s, the other %s", counts[0], counts[1])
	}
}

// BenchmarkMillion finds all pairs among a million contacts, of whom one in eleven is recorded twice.
// The rows are requests that each end after 200 pairs or 0.7 s.
func BenchmarkMillion(b *testing.B) {
	const people = 909_091
	set := aliketest.Generate(1, people)
	for name, path := range engines {
		b.Run(name, func(b *testing.B) {
			path := path(b)
			took := fill(b, path, set)
			s, err := store.Open(b.Context(), options(b, path))
			must(b, err)
			defer func() { must(b, s.Close()) }()
			b.ResetTimer()
			for b.Loop() {
				all := findAll(b, s)
				b.ReportMetric(float64(all.pages), "pages")
				b.ReportMetric(float64(all.pairs[alike.Same]), "same")
				b.ReportMetric(float64(all.pairs[alike.Likely]), "likely")
				b.ReportMetric(all.longest.Seconds(), "s/longest-page")
				b.ReportMetric(took.Seconds(), "s/keys")
			}
		})
	}
}
