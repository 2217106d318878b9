package aggregate

import (
	"net/url"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/query"
)

// requestOf returns a request of a list of deals, and the schema.
func requestOf(t testing.TB, raw string) Request {
	t.Helper()
	s, err := catalog.Schema()
	if err != nil {
		t.Fatal(err)
	}
	params, _ := url.ParseQuery(raw)
	return Request{Entity: s.ByName("deal"), Params: params, Env: query.Env{Schema: s, Now: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC), Workspace: 1, Secret: []byte("secret")}}
}

// FuzzParse compiles any parameters. A question that is made has groups with different names, the currency of each
// measure of money, and a column by which it is sorted; its columns are those of a question that names them again.
func FuzzParse(f *testing.F) {
	for _, seed := range [][3]string{{"stage,month(close_at)", "amount_cents", "-sum_amount_cents"}, {"custom.\"a,b\"", "custom.x", "count"}, {"company.tags,tags", "", ""}, {"day(", "a(b),c", "x"}, {"company.owner", "company.amount", "-"}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, group, sum, sort string) {
		rq := requestOf(t, "")
		for name, value := range map[string]string{"group": group, "sum": sum, "sort": sort} {
			if value != "" {
				rq.Params.Set(name, value)
			}
		}
		q, fault := Parse(rq)
		if fault != nil {
			if fault.Hint == "" || fault.Code == crm.Internal {
				t.Errorf("the error %v has no hint", fault)
			}
			return
		}
		seen, named := map[string]bool{}, 0
		for _, g := range q.Groups {
			if seen[g.Name] {
				t.Errorf("the group %s is there twice", g.Name)
			}
			if seen[g.Name] = true; !g.Added {
				named++
			}
		}
		if named > MaxGroups || len(q.Measures) > MaxMeasures || q.Sort.Group >= len(q.Groups) || q.Sort.Measure >= len(q.Measures) {
			t.Errorf("%q %q %q makes %+v", group, sum, sort, q)
		}
		for _, m := range q.Measures {
			if m.Path == "amount_cents" && !seen["currency"] {
				t.Errorf("%q mixes currencies", sum)
			}
		}
		checkReadAgain(t, rq, q)
	})
}

// checkReadAgain checks that the names of the groups that a request names are read as the same groups.
func checkReadAgain(t *testing.T, rq Request, q *Question) {
	t.Helper()
	rq.Params = url.Values{}
	for _, g := range q.Groups {
		if !g.Added {
			rq.Params.Add("group", g.Name)
		}
	}
	if len(rq.Params) == 0 {
		return
	}
	other, fault := Parse(rq)
	if fault != nil {
		t.Fatalf("the names %q are not read again: %v", rq.Params, fault)
	}
	for i, g := range other.Groups {
		if g.Name != q.Groups[i].Name {
			t.Errorf("%q is read again as %q", q.Groups[i].Name, g.Name)
		}
	}
}

// TestBoundsCoverTheirTimes checks for many times in zones where clocks change that the units follow each other
// without gaps, that the first has the first time and the last the last one, and that their labels are days of the zone.
func TestBoundsCoverTheirTimes(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Santiago", "Asia/Beirut", "Pacific/Apia", "America/St_Johns", "Africa/Cairo"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Date(2010, 12, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2013; at = at.Add(61*time.Hour + 7*time.Minute) {
			for _, u := range Units {
				first, last := at.UnixMilli(), at.AddDate(0, 5, 3).UnixMilli()
				starts, end, ok := u.Bounds(zone, first, last)
				if !ok || starts[0] > first || starts[len(starts)-1] > last || end <= last {
					t.Fatalf("%s of %s in %s: %v to %d", u, at, name, starts, end)
				}
				for i, start := range starts[1:] {
					if start <= starts[i] {
						t.Fatalf("%s in %s: %d follows %d", u, name, start, starts[i])
					}
					if u == Day && u.Label(zone, start) != time.UnixMilli(start).In(zone).Format(time.DateOnly) {
						t.Errorf("in %s the day %s begins at %s", name, u.Label(zone, start), time.UnixMilli(start).In(zone))
					}
				}
				if len(starts) > 1 && starts[1] <= first {
					t.Errorf("%s in %s: %d is not in the first unit", u, name, first)
				}
			}
		}
	}
}

// TestNumberTextIsTheNumber checks that a number is shown as one that is equal.
func TestNumberTextIsTheNumber(t *testing.T) {
	for _, text := range []string{"0", "1", "-1", "10", "0.5", "-0.25", "1e30", "-1e30", "12345.678", "0.00001", "1e-9", "-1e-9", "123456789012345678901234567890", "1.5e300", "100", "-100.001"} {
		key := keyOfNumber(t, text)
		if shown := NumberText(key); keyOfNumber(t, shown) != key {
			t.Errorf("%s is shown as %s", text, shown)
		}
	}
}
