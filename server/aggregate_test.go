package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/store"
)

// TestOthersAddUp groups more deals than an answer has lines. The rest is one line for each currency, with which the
// lines add up, and sums beyond 64 bits are errors, while averages are not.
func TestOthersAddUp(t *testing.T) {
	r := newRigWith(t, store.Options{}).as("jane@acme.com")
	var rows strings.Builder
	rows.WriteString("title,amount_cents,currency\n")
	for i := range 1100 {
		fmt.Fprintf(&rows, "t%04d,9007199254740991,%s\n", i, []string{"EUR", "USD", "USD"}[i%3])
	}
	r.want(200, "POST", "/import/deals", rows.String(), "Content-Type", "text/csv")
	doc := r.json(200, "GET", "/deals?group=title&sum=amount_cents&max=amount_cents&count_distinct=title&format=json", "")
	items := doc["items"].([]any)
	counts, others := map[string]int{}, 0
	for _, item := range items {
		line := item.(map[string]any)
		counts[line["currency"].(string)] += wholeOf(line["count"])
		if line["others"] == true {
			others++
			if line["title"] != nil || line["count_distinct_title"] != nil || wholeOf(line["max_amount_cents"]) != 9007199254740991 {
				t.Errorf("the others are %v", line)
			}
		}
	}
	if len(items) != 1002 || others != 2 || counts["EUR"] != 367 || counts["USD"] != 733 || wholeOf(doc["total"]) != 1100 {
		t.Errorf("%d lines, %d of others, counts %v of %v", len(items), others, counts, doc["total"])
	}
	if text := r.want(200, "GET", "/deals?group=title&sort=-title", ""); !strings.HasPrefix(text, "title=t1099 count=1\n") || !strings.Contains(text, "\n(others) count=100\n") || !strings.Contains(text, "1100 groups; the first 1000 are shown") {
		t.Errorf("%.300s", text)
	}
	r.want(400, "GET", "/deals?group=title&vs=now", "")

	r.want(200, "GET", "/deals?sum=amount_cents", "") // 733 of them are below 2 to the 63
	r.want(200, "POST", "/import/deals", strings.ReplaceAll(rows.String(), "EUR", "USD"), "Content-Type", "text/csv")
	for _, path := range []string{"/deals?sum=amount_cents", "/deals?sum=amount_cents&version=gte:0", "/deals?group=status&sum=amount_cents&vs=now"} {
		if text := r.want(400, "GET", path, ""); !strings.Contains(text, "sum_too_large") {
			t.Errorf("%s: %s", path, text)
		}
	}
	if text := r.want(200, "GET", "/deals?avg=amount_cents&currency=USD", ""); !strings.Contains(text, "avg_amount_cents=9007199254740991.00") {
		t.Error(text)
	}
}

// TestTimesAreFilled asks for days across the hour that clocks skip: each is there once, also without records, unless
// there would be too many lines.
func TestTimesAreFilled(t *testing.T) {
	r := newRigWith(t, store.Options{}).as("jane@acme.com")
	workspace := r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	r.want(200, "PATCH", "/workspaces/"+workspace, `{"time_zone":"Europe/Berlin"}`)
	for _, at := range []string{"2026-03-27T23:30:00Z", "2026-03-28T22:59:00Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z", "2026-04-02"} {
		r.want(201, "POST", "/deals", `{"title":"x","stage":"lead","close_at":"`+at+`"}`)
	}
	const want = `day(close_at)=2026-03-28 count=2
day(close_at)=2026-03-29 count=2
day(close_at)=2026-03-30 count=1
day(close_at)=2026-03-31 count=0
day(close_at)=2026-04-01 count=0
day(close_at)=2026-04-02 count=1
# 6 groups of 6 deals
`
	if got := r.want(200, "GET", "/deals?group=day(close_at)", ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	r.want(201, "POST", "/deals", `{"title":"x","close_at":"2036-03-28"}`)
	if got := r.want(400, "GET", "/deals?group=day(close_at)", ""); !strings.Contains(got, "more than 1000 days") {
		t.Error(got)
	}
	r.want(200, "GET", "/deals?group=day(close_at)&close_at=lt:2027-01-01", "")
	if got := r.want(200, "GET", "/deals?group=month(close_at),title&format=json", ""); strings.Count(got, `"count":`) != 121 {
		t.Error(got)
	}
	for i := range 12 {
		r.want(201, "POST", "/deals", fmt.Sprintf(`{"title":"t%d","close_at":"2036-03-28"}`, i))
	}
	if got := r.want(200, "GET", "/deals?group=month(close_at),title", ""); !strings.Contains(got, "times without records are left out") {
		t.Error(got)
	}
}
