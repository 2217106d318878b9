package server_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/view"
)

// nextIs returns the cursor of the next page in a text answer.
func nextIs(body string) string {
	_, rest, _ := strings.Cut(body, "# next: ")
	next, _, _ := strings.Cut(rest, "\n")
	return next
}

// TestPagesOfThePast reads the second page of a list with a relative time, after the clock has moved and records have
// changed: it is of the same place as the first one. A changed cursor, or another time, is refused.
func TestPagesOfThePast(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i := range 5 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"N%d"}`, i))
	}
	r.clock.Advance(48 * time.Hour)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 2), `{"name":"Other"}`)
	first := r.want(200, "GET", "/contacts?at=-1d&limit=2&sort=name&fields=name", "")
	if !strings.Contains(first, `name=N1`) || !strings.Contains(first, "# 2 of 5 contacts") {
		t.Error(first)
	}
	r.clock.Advance(24 * time.Hour)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 3), `{"name":"Another"}`)
	r.want(201, "POST", "/contacts", `{"name":"N2b"}`)
	next := nextIs(first)
	second := r.want(200, "GET", "/contacts?at=-1d&limit=2&sort=name&fields=name&cursor="+next, "")
	if !strings.Contains(second, "name=N2\n") || !strings.Contains(second, "name=N3\n") || !strings.Contains(second, "# as of 2026-06-11T09:00:00Z (cursor ") {
		t.Error(second)
	}
	own, place, _ := strings.Cut(next, "~")
	seq, _, _ := strings.Cut(place, ".")
	for _, path := range []string{"at=-2d&cursor=" + next, "at=-1d&cursor=" + own, "at=-1d&cursor=" + own + "~" + seq, "at=-1d&cursor=" + own + "~" + seq + ".abc", "at=-1d&cursor=" + own + "~x", "cursor=" + next} {
		if text := r.want(400, "GET", "/contacts?limit=2&sort=name&fields=name&"+path, ""); !strings.Contains(text, "invalid_cursor") {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// TestTimesOfThePast asks about days of the zone of the workspace, and about filters that count from now: they count from
// the time that was asked for.
func TestTimesOfThePast(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ws := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	r.want(200, "PATCH", "/workspaces/"+ws, `{"time_zone":"America/New_York"}`)
	r.want(201, "POST", "/contacts", `{"name":"Ann","follow_up_at":"2026-06-11T12:00Z"}`)
	r.clock.Advance(72 * time.Hour)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 1), `{"name":"Bob","follow_up_at":null}`)
	if text := r.want(200, "GET", "/contacts?at=2026-06-12", ""); !strings.Contains(text, "name=Ann") || !strings.Contains(text, "# as of 2026-06-12T04:00:00Z") {
		t.Error(text)
	}
	for query, found := range map[string]string{"at=2026-06-12T12:00Z&follow_up_at=lt:now": "1 of 1", "at=2026-06-11T11:00Z&follow_up_at=lt:now": "0 contacts", "at=2026-06-11T11:00Z&follow_up_at=lte:%2B1h": "1 of 1", "at=now&follow_up_at=not:null": "0 contacts"} {
		if text := r.want(200, "GET", "/contacts?"+query, ""); !strings.Contains(text, "# "+found) {
			t.Errorf("%s: %s", query, text)
		}
	}
}

// TestPastRefused asks about places that cannot be answered.
func TestPastRefused(t *testing.T) {
	r := newRigWith(t, store.Options{Past: view.PastLimits{Records: 3, Entries: 10, Bytes: 1 << 20}}).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	start := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	for i := range 4 {
		r.clock.Advance(time.Hour)
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"N%d"}`, i))
	}
	text := r.want(400, "GET", "/contacts?at="+start, "")
	if !strings.Contains(text, "at most 3 records, 10 changes or 1 MB of values. The nearest time for which it can is 2026-06-10T10:00:00Z;") {
		t.Error(text)
	}
	if text := r.want(200, "GET", "/contacts?at=2026-06-10T10:00:00Z", ""); !strings.Contains(text, "# 2 of 2 contacts") {
		t.Error(text)
	}
	for i := range 10 {
		r.clock.Advance(time.Minute)
		r.want(200, "PATCH", "/contacts/"+r.id("contact", 1), fmt.Sprintf(`{"title":"T%d"}`, i))
	}
	text = r.want(400, "GET", "/contacts/"+r.id("contact", 1)+"?at=2026-06-10T10:00:00Z", "")
	if !strings.Contains(text, "is 2026-06-10T13:00:00Z;") {
		t.Error(text)
	}
	r.want(200, "GET", "/contacts/"+r.id("contact", 1)+"?at=2026-06-10T13:00:00Z", "")
	for path, says := range map[string]string{
		"/contacts?at=" + url.QueryEscape("seq_zzzzzzzzz"): "invalid_cursor", "/contacts?at=2026-06-11": "in the future", "/contacts?at=2025-01-01": "before the first change",
		"/contacts?at=-1h&search=ann": "search and at", "/contacts?at=-1h&deleted=only": "deleted and at", "/contacts?vs=-1h&deleted=only": "deleted and vs", "/contacts?at=-1h&at=-2h": "2 times", "/contacts?at=-1h&nam=x": "no filter or parameter nam", "/deals?at=x": "neither a time nor a cursor"} {
		if text := r.want(400, "GET", path, ""); !strings.Contains(text, says) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

// TestPastOfATrimmedLog asks about times before the first entry that is kept.
func TestPastOfATrimmedLog(t *testing.T) {
	r := newRigWith(t, store.Options{LogDays: 30}).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	start := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 1), `{"name":"Bob"}`)
	r.clock.Advance(20 * 24 * time.Hour)
	r.want(200, "PATCH", "/contacts/"+r.id("contact", 1), `{"name":"Eve"}`)
	r.clock.Advance(29 * 24 * time.Hour)
	for _, s := range r.stores {
		s.Purge(t.Context())
	}
	last := lastEntry(r)
	r.as("jane@acme.com") // tokens end after 30 days
	for path, status := range map[string]int{"at=" + start: 410, "at=2026-06-20": 400, "vs=2026-06-20": 400} {
		if text := r.want(status, "GET", "/contacts?"+path, ""); !strings.Contains(text, path[:3]+"2026-06-30T09:00:00Z") {
			t.Errorf("%s: %s", path, text)
		}
	}
	for at, name := range map[string]string{"2026-06-30T09:00:00Z": "Eve", changelog.Cursor(1, last-1): "Bob"} {
		if text := r.want(200, "GET", "/contacts?at="+at, ""); !strings.Contains(text, "name="+name) {
			t.Errorf("%s: %s", at, text)
		}
	}
}

// lastEntry returns the number of the last entry of the log of the first workspace.
func lastEntry(r *rig) (n int64) {
	err := r.store.Read(r.t.Context(), func(v *store.ReadTx) error {
		return v.Row(r.t.Context(), "SELECT last FROM usage WHERE workspace_id = 1 AND kind = 'storage'", nil, &n)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// TestPastOfWhatWasErased purges a contact: it is not in the past any more, and the others are as they were.
func TestPastOfWhatWasErased(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test"}`)["id"].(string)
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	r.want(201, "POST", "/contacts/"+c+"/activities", `{"body":"said"}`)
	r.want(201, "POST", "/deals", `{"title":"Seats","contact_id":"`+c+`"}`)
	cursor := r.json(200, "GET", "/changes?since=now", "")["cursor"].(string)
	r.want(200, "PATCH", "/contacts/"+c, `{"stage":"lead"}`)
	r.purged("/contacts/" + c)
	if text := r.want(200, "GET", "/contacts?at="+cursor, ""); strings.Contains(text, "Zed") || !strings.Contains(text, "# 1 of 1 contact\n") {
		t.Error(text)
	}
	if text := r.want(200, "GET", "/activities?at="+cursor, ""); !strings.Contains(text, "# 0 activities") {
		t.Error(text)
	}
	if text := r.want(200, "GET", "/deals?at="+cursor, ""); strings.Contains(text, "Zed") || !strings.Contains(text, "title=Seats") {
		t.Error(text)
	}
	if text := r.want(404, "GET", "/contacts/"+c+"?at="+cursor, ""); !strings.Contains(text, "erased for good") {
		t.Error(text)
	}
}

// TestPastBetweenSteps deletes and merges records with so many references that these follow in steps. At every place between
// the steps nothing refers to what was deleted, and what belonged to it is not there; what was merged has moved.
func TestPastBetweenSteps(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	var rows, acts strings.Builder
	rows.WriteString("name,company\n")
	for i := range 460 {
		fmt.Fprintf(&rows, "N%d,%s\n", i, []string{"Gone", "Loser"}[i%2])
	}
	for _, name := range []string{"Gone", "Loser", "Winner"} {
		r.want(201, "POST", "/companies", `{"name":"`+name+`"}`)
	}
	r.want(200, "POST", "/import/contacts?dry_run=0", rows.String())
	for range 230 {
		acts.WriteString(`{"method":"POST","path":"/contacts/` + r.id("contact", 1) + `/activities","body":{"body":"said"}},`)
	}
	r.want(200, "POST", "/batch", "["+strings.TrimSuffix(acts.String(), ",")+"]")
	w := newUndoWorld(r, 1)
	for _, step := range []struct{ method, path, body string }{{"DELETE", "/companies/" + r.id("company", 1), ""}, {"DELETE", "/contacts/" + r.id("contact", 1), ""},
		{"POST", "/companies/" + r.id("company", 3) + "/merge", `{"from":["` + r.id("company", 2) + `"]}`}} {
		before := lastEntry(r)
		if w.do(step.method, step.path, step.body) == "" {
			t.Fatal(w.last)
		}
		if err := r.store.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		paths := []string{"/contacts?sort=id&limit=200&fields=name,company_id,company.name", "/contacts?company=is:null&limit=1&fields=name&total=exact", "/contacts?limit=1&fields=name&company=" + r.id("company", 2), "/activities?limit=1&fields=body,contact.name"}
		var want []string
		for _, path := range paths {
			want = append(want, r.want(200, "GET", path, ""))
		}
		first, last := before+1, lastEntry(r)
		if last-first < 200 {
			t.Fatalf("%s made %d entries only", step.path, last-first)
		}
		for _, n := range []int64{first + 1, first + 2, first + 77, last - 100, last - 1, last} {
			for i, path := range paths {
				is, _, _ := strings.Cut(r.want(200, "GET", path+"&at="+changelog.Cursor(1, n), ""), "# as of")
				if want, _, _ := strings.Cut(want[i], "# next"); !strings.HasPrefix(want, is) {
					t.Fatalf("%s, GET %s after entry %d of %d to %d\n%s", step.path, path, n, first, last, diff(want, is))
				}
			}
		}
	}
}

// TestTotalsAreCompared compares totals of lists with those of earlier times.
func TestTotalsAreCompared(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i := range 3 {
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"D%d"}`, i))
		r.clock.Advance(24 * time.Hour)
	}
	r.want(200, "PATCH", "/deals/"+r.id("deal", 1), `{"stage":"won"}`)
	for query, says := range map[string]string{
		"status=open&vs=-1d": "# total 2, then 3, difference -1; then is as of 2026-06-12T09:00:00Z (cursor ", "vs=-60h&limit=1": "# total 3, then 1, difference +2;",
		"at=-1d&vs=-2d": "# total 3, then 2, difference +1;", "status=won&vs=now": "# total 1, then 1, difference +0;"} {
		if text := r.want(200, "GET", "/deals?"+query, ""); !strings.Contains(text, says) {
			t.Errorf("%s: %s", query, text)
		}
	}
	first := r.want(200, "GET", "/deals?limit=2&vs=-1d", "")
	if text := r.want(200, "GET", "/deals?limit=2&vs=-1d&cursor="+nextIs(first), ""); strings.Contains(text, "difference") || !strings.Contains(text, "title=D0") {
		t.Error(text)
	}
	first = r.want(200, "GET", "/deals?limit=2&at=-1h&vs=-1d", "")
	if text := r.want(200, "GET", "/deals?limit=2&at=-1h&vs=-1d&cursor="+nextIs(first), ""); strings.Contains(text, "difference") || !strings.Contains(text, "title=D0") {
		t.Error(text)
	}
	for query, says := range map[string]string{"vs=-1d&total=none": "nothing to compare", "vs=%2B1d": "in the future", "vs=x": "vs=x is neither", "vs=-1d&search=x": "search and vs", "vs=-1d&vs=-2d": "2 times"} {
		if text := r.want(400, "GET", "/deals?"+query, ""); !strings.Contains(text, says) {
			t.Errorf("%s: %s", query, text)
		}
	}
	r.want(400, "GET", "/deals/"+r.id("deal", 1)+"?vs=-1d", "")
}
