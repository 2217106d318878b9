package server_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestNumbersOfDeclaredFields checks that sums and groups know what is declared of a key.
func TestNumbersOfDeclaredFields(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, field := range []string{`{"kind":"company","name":"arr","type":"money"}`, `{"kind":"company","name":"region","type":"choice","options":["emea","amer","apac"]}`,
		`{"kind":"company","name":"langs","type":"tags"}`, `{"kind":"company","name":"signed","type":"time"}`, `{"kind":"company","name":"site","type":"url"}`} {
		r.want(201, "POST", "/fields", field)
	}
	for _, company := range []string{`{"name":"A","custom":{"arr":"100 EUR","region":"apac","langs":["de","en"]}}`, `{"name":"B","custom":{"arr":"200 USD","region":"emea"}}`,
		`{"name":"C","custom":{"arr":"300.50 EUR","region":"emea","signed":"2026-05-02"}}`, `{"name":"D"}`} {
		r.want(201, "POST", "/companies", company)
	}
	for _, c := range []struct{ path, want string }{
		{"sum=arr_cents", "custom.arr_currency=EUR count=2 sum_custom.arr_cents=40050\ncustom.arr_currency=USD count=1 sum_custom.arr_cents=20000\ncustom.arr_currency=(unset) count=1 sum_custom.arr_cents=0\n"},
		{"sum=custom.arr_cents&group=region", "custom.region=emea custom.arr_currency=EUR count=1 sum_custom.arr_cents=30050\ncustom.region=emea custom.arr_currency=USD count=1 sum_custom.arr_cents=20000\n" +
			"custom.region=apac custom.arr_currency=EUR count=1 sum_custom.arr_cents=10000\ncustom.region=(unset) custom.arr_currency=(unset) count=1 sum_custom.arr_cents=0\n"},
		{"group=month(signed)", "month(custom.signed)=2026-05 count=1\nmonth(custom.signed)=(unset) count=3\n"},
		{"count_distinct=region", "count=4 count_distinct_custom.region=2\n"},
	} {
		if got := r.want(200, "GET", "/companies?"+c.path, ""); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.path, got, c.want)
		}
	}
	for _, c := range []struct{ path, want string }{
		{"sum=arr", "write sum=custom.arr_cents, which is split by currency"},
		{"sum=custom.arr", "write sum=custom.arr_cents, which is split by currency"},
		{"group=langs", "is declared as tags"},
		{"group=signed", "is a time; group it by"},
		{"group=month(region)", "is declared as choice, which has no month"},
		{"sum=site", "is declared as url"},
	} {
		if got := r.want(400, "GET", "/companies?"+c.path, ""); !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%s\nwant %s", c.path, got, c.want)
		}
	}
}

// TestDeclaredTimesAndTextsAreGroupedAsFiltersFindThem follows the links of groups of a declared time, in a zone in which its
// day is not that of UTC, and of a declared text with digits.
func TestDeclaredTimesAndTextsAreGroupedAsFiltersFindThem(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(200, "PATCH", "/workspaces/"+workspaceOf(r), `{"time_zone":"America/New_York"}`)
	for _, field := range []string{`{"kind":"company","name":"called","type":"time"}`, `{"kind":"company","name":"day","type":"date"}`, `{"kind":"company","name":"sku","type":"text"}`} {
		r.want(201, "POST", "/fields", field)
	}
	for i, custom := range []string{`{"called":"2031-06-01T22:00:00-04:00","sku":"7","day":"2031-06-02"}`, `{"called":"2031-06-02T22:00:00-04:00","sku":"7.0","day":"2031-06-05"}`} {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Co %d","custom":%s}`, i, custom))
	}
	for group, keys := range map[string][]string{"day(called)": {"2031-06-01", "2031-06-02"}, "sku": {"7", "7.0"}, "day": {"2031-06-02", "2031-06-05"}} {
		items := r.json(200, "GET", "/companies?format=json&links=1&group="+group, "")["items"].([]any)
		if len(items) != 2 {
			t.Errorf("%s has the lines %v", group, items)
			continue
		}
		for i, item := range items {
			line := item.(map[string]any)
			link := line["rows"].(string)
			if total := r.json(200, "GET", link+"&format=json", "")["total"]; fmt.Sprint(total) != "1" || !strings.Contains(fmt.Sprint(line), keys[i]) {
				t.Errorf("%v lists %v", line, total)
			}
		}
	}
	got := r.want(200, "GET", "/companies?min=day&max=day,called&count_distinct=sku", "")
	if want := "count=2 min_custom.day=2031-06-02 max_custom.day=2031-06-05 max_custom.called=2031-06-02T22:00-04:00 count_distinct_custom.sku=2\n"; !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestValuesBesideTheOptionsComeLast sorts by a choice whose options do not have the values from before the declaration.
func TestValuesBesideTheOptionsComeLast(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for i, region := range []string{"~", "0", "apac", "emea", "Zürich"} {
		r.want(201, "POST", "/companies", fmt.Sprintf(`{"name":"Co %d","custom":{"region":%q}}`, i, region))
	}
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"choice","options":["emea","apac"]}`)
	lines := strings.Split(r.want(200, "GET", "/companies?sort=region&fields=custom", ""), "\n")
	if !strings.Contains(lines[0], "custom.region=emea") || !strings.Contains(lines[1], "custom.region=apac") {
		t.Error(strings.Join(lines, "\n"))
	}
	lines = strings.Split(r.want(200, "GET", "/companies?group=region", ""), "\n")
	if !strings.HasPrefix(lines[0], "custom.region=emea") || !strings.HasPrefix(lines[1], "custom.region=apac") {
		t.Error(strings.Join(lines, "\n"))
	}
}

// TestGroupsThroughOneLinkAreOfOneRecord groups contacts by two fields of their deals, and by a role with a title: each line
// is of deals that there are.
func TestGroupsThroughOneLinkAreOfOneRecord(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c1 := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
	c2 := r.json(201, "POST", "/contacts", `{"name":"Bob"}`)["id"].(string)
	for i, deal := range []string{`{"title":"A","amount":"100 EUR","contact_id":"` + c1 + `"}`, `{"title":"B","amount":"200 USD","contact_id":"` + c1 + `"}`} {
		d := r.json(201, "POST", "/deals", deal)["id"].(string)
		r.want(201, "POST", "/deals/"+d+"/contacts", `{"contact_id":"`+c2+`","role":"`+[]string{"champion", "user"}[i]+`"}`)
	}
	for _, c := range []struct{ path, want string }{
		{"/contacts?group=deal.currency,deal.amount_cents", "deal.currency=EUR deal.amount_cents=10000 count=2\ndeal.currency=USD deal.amount_cents=20000 count=2\n#"},
		{"/contacts?group=deal.amount_cents", "deal.amount_cents=10000 deal.currency=EUR count=2\ndeal.amount_cents=20000 deal.currency=USD count=2\n#"},
		{"/contacts?group=deal.role,deal.title", "deal.role=champion deal.title=A count=1\ndeal.role=user deal.title=B count=1\ndeal.role=(unset) deal.title=A count=1\ndeal.role=(unset) deal.title=B count=1\n#"},
		{"/deals?group=contact.role", "contact.role=champion count=1\ncontact.role=user count=1\n#"},
	} {
		if got := r.want(200, "GET", c.path, ""); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.path, got, c.want)
		}
	}
	// The main contact of a deal is one of its people, so the list of a line asks for contact_id.
	got := r.want(200, "GET", "/deals?group=contact&links=1&sum=amount_cents", "")
	if !strings.Contains(got, "rows=/deals?contact_id="+c1) {
		t.Error(got)
	}
	if got = r.want(200, "GET", "/deals?group=contact.name&links=1", ""); strings.Contains(got, "rows=") {
		t.Errorf("filters by contact.name are about any of the people:\n%s", got)
	}
}

// TestNumbersDoNotLeadBack asks for numbers of records that refer to those of the list, and for a field that filters of people
// of deals would no longer find.
func TestNumbersDoNotLeadBack(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, path := range []string{"/deals?group=contacts.role", "/deals?group=contacts.name", "/deals?group=company.contacts.name", "/deals?sum=contacts.role", "/contacts?group=month(deals.close_at)", "/contacts?sum=deals.amount_cents",
		"/contacts?max=deals.stage_since", "/contacts?count_distinct=deals.role", "/campaigns?group=contacts.reason", "/deals?group=contacts.role&vs=now"} {
		if got := r.want(400, "GET", path, ""); !strings.Contains(got, "It leads to the records that refer to each of the") {
			t.Errorf("%s: %s", path, got)
		}
	}
	for _, field := range []string{`{"kind":"contact","name":"role","type":"text"}`, `{"kind":"deal","name":"role","type":"text"}`, `{"kind":"contact","name":"reason","type":"text"}`} {
		if got := r.want(400, "POST", "/fields", field); !strings.Contains(got, "filters use that name after ") {
			t.Errorf("%s: %s", field, got)
		}
	}
}
