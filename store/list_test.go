package store

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/query"
)

// bulk inserts n contacts of one stage in a single statement, with the counters.
func (f *fixture) bulk(actor crm.Actor, n int, stage string) {
	f.t.Helper()
	f.write(actor, func(tx *Tx) error {
		err := tx.Exec(`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < $3)
			INSERT INTO contacts (key, workspace_id, name, name_fold, stage, stage_fold, version, created_at, created_by, updated_at, updated_by)
			SELECT $1 + (SELECT COUNT(*) FROM contacts) + i, $2, 'n', 'n', $4, $4, 1, 0, 'x', 0, 'x' FROM c`,
			crm.RecordKey(actor.Workspace, 0), actor.Workspace, n, stage)
		if err != nil {
			return err
		}
		err = tx.Exec(`INSERT INTO usage (workspace_id, kind, last, n) VALUES ($1, 'contacts', $2, $2)
			ON CONFLICT (workspace_id, kind) DO UPDATE SET last = usage.last + $2, n = usage.n + $2`, actor.Workspace, n)
		if err != nil {
			return err
		}
		tx.CountUse("contact", "stage", stage, int64(n))
		return nil
	})
}

func TestTotals(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.bulk(ann, query.TotalCap, "lead")
		f.bulk(ann, query.TotalCap+5, "customer")
		f.bulk(ann, 3, "won")
		total := func(n int64, exact bool) string { return fmt.Sprint(n, exact, true) }
		for params, want := range map[string]string{
			"":                           total(query.TotalCap, false),
			"total=exact":                total(2*query.TotalCap+8, true),
			"total=none":                 fmt.Sprint(0, false, false),
			"stage=lead":                 total(query.TotalCap, true),
			"stage=customer":             total(query.TotalCap, false),
			"stage=customer&total=exact": total(query.TotalCap+5, true),
			"stage=customer&total=none":  fmt.Sprint(0, false, false),
			"stage=won":                  total(3, true),
			"stage=none":                 total(0, true),
			"stage=won&limit=1":          total(3, true),
			"search=n":                   total(query.TotalCap, false),
			"search=n&total=exact":       total(2*query.TotalCap+8, true),
		} {
			page := f.list(ann, "contact", params)
			if got := fmt.Sprint(page.Total, page.TotalExact, page.HasTotal); got != want {
				t.Errorf("contacts?%s: total, exact, counted are %s, want %s", params, got, want)
			}
		}
	})
}

func TestTotalAfterACursor(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		f.bulk(ann, 10, "lead")
		for _, params := range []string{"limit=4", "limit=4&stage=lead"} {
			first := f.list(ann, "contact", params)
			next := params + "&cursor=" + f.question(ann, "contact", params).Cursor(first.Records[3])
			second := f.list(ann, "contact", next)
			if second.Total != 10 || !second.TotalExact || len(second.Records) != 4 || !second.More {
				t.Errorf("contacts?%s: %d records, total %d", next, len(second.Records), second.Total)
			}
		}
	})
}

func TestPageReportsMore(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		if page := f.list(ann, "contact", ""); page.More || len(page.Records) != 0 || page.Total != 0 || !page.TotalExact {
			t.Errorf("an empty list: %+v", page)
		}
		f.bulk(ann, 6, "lead")
		for limit, more := range map[int]bool{1: true, 5: true, 6: false, 7: false} {
			for _, sort := range []string{"created_at", "email", "-email"} {
				page := f.list(ann, "contact", fmt.Sprintf("limit=%d&sort=%s", limit, sort))
				if page.More != more || len(page.Records) != min(limit, 6) {
					t.Errorf("limit=%d sort=%s: %d records, more %v", limit, sort, len(page.Records), page.More)
				}
			}
		}
	})
}

func TestInUseNamesTheValues(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		f.save(bob, "deal", "title", "theirs", "stage", "secret", "tags", []string{"secret"}, "custom", []crm.Member{{Name: "plan", JSON: `"secret"`}})
		for _, stage := range []string{"lead", "proposal", "lead", ""} {
			f.save(ann, "deal", "title", "ours", "stage", stage, "tags", []string{"vip", "eu" + stage}, "custom", []crm.Member{{Name: "plan", JSON: `"pro"`}})
		}
		f.save(ann, "contact", "name", "another kind", "stage", "contact only", "tags", []string{"contact only"})
		for params, want := range map[string]string{
			"stage=propsal":       "lead 2, proposal 1",
			"tags=nope":           "vip 4, eulead 2, eu 1, euproposal 1",
			"custom.plan=nope":    "pro 4",
			"custom.other=nope":   "",
			"status=lost":         "open 4",
			"currency=in:EUR,JPY": "USD 4",
			"title=nope":          "no question 0",
			"stage=ne:lead":       "no question 0",
		} {
			if got := f.inUse(ann, "deal", params); got != want {
				t.Errorf("deals?%s: in use %q, want %q", params, got, want)
			}
		}
	})
}

func (f *fixture) inUse(actor crm.Actor, kind, params string) string {
	f.t.Helper()
	var words []string
	for _, in := range f.inUseList(actor, kind, params).Values {
		words = append(words, fmt.Sprint(in.Value, " ", in.N))
	}
	return strings.Join(words, ", ")
}

func (f *fixture) inUseList(actor crm.Actor, kind, params string) ValueCounts {
	f.t.Helper()
	asked, err := url.ParseQuery(params)
	if err != nil {
		f.t.Fatal(err)
	}
	parts, _, fault := query.Conditions(f.Schema.ByName(kind), asked, query.Env{Schema: f.Schema, Now: f.Now(), Workspace: actor.Workspace})
	if fault != nil {
		f.t.Fatal(fault)
	}
	if parts[0].ValuesSQL == "" {
		return ValueCounts{Values: []ValueCount{{Value: "no question"}}}
	}
	list, err := f.ValuesInUse(f.t.Context(), actor, parts[0])
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// TestSearchReadsItsOwnWrites searches after a write, and for records of another workspace.
func TestSearchReadsItsOwnWrites(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
		for i, word := range []string{"Zürich", "Ångström", "naïve"} {
			jane := f.save(ann, "contact", "name", "Jane", "notes", word)
			f.save(bob, "contact", "name", "Joe", "notes", word)
			keys := f.walk(ann, "contact", "search="+[]string{"zurich", "ANGSTROM", "naive"}[i])
			if !slices.Equal(keys, []int64{jane.Key}) {
				t.Errorf("search for %s finds %v, want %d", word, keys, jane.Key)
			}
			f.update(ann, jane, "notes", "gone")
			if left := f.walk(ann, "contact", "search="+word); len(left) != 0 {
				t.Errorf("search for %s still finds %v", word, left)
			}
		}
	})
}
