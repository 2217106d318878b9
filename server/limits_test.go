package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// joined returns n items with separators between them.
func joined(n int, separator string, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = item(i)
	}
	return strings.Join(items, separator)
}

// listed returns a JSON array of n strings, at least one.
func listed(n int, item func(i int) string) string {
	return `["` + joined(n, `","`, item) + `"]`
}

func label(i int) string { return fmt.Sprintf("t%d", i) }

// object returns a JSON object of n keys, at least one.
func object(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// limitedList is a list in requests that has at most so many items.
type limitedList struct {
	list    string
	field   string // the error names it
	most    int
	request func(n int) (path, body string) // a request with n items; a GET if it has no body
}

// inBody returns requests that create a contact, with a list of n labels in its body.
func inBody(form string) func(int) (string, string) {
	return func(n int) (string, string) { return "/contacts", fmt.Sprintf(form, listed(n, label)) }
}

// inQuery returns requests whose path ends with n items.
func inQuery(start, separator string, item func(int) string) func(int) (string, string) {
	return func(n int) (string, string) { return start + joined(n, separator, item), "" }
}

// always returns an item that is the same for each index.
func always(item string) func(int) string { return func(int) string { return item } }

// limitedLists returns every list that a request may send. The rig has a contact, and a
// campaign whose members are at the path.
func limitedLists(r *rig, members string) []limitedList {
	jane := r.id("contact", 1)
	return []limitedList{
		{"tags", "tags", crm.MaxTags, inBody(`{"name":"x","tags":%s}`)},
		{"tags added", "tags", crm.MaxTags, inBody(`{"name":"x","tags":{"add":%s}}`)},
		{"tags removed", "tags", crm.MaxTags, inBody(`{"name":"x","tags":{"remove":%s}}`)},
		{"labels of another product in a cell", "tags", crm.MaxTags, func(n int) (string, string) {
			return "/import/contacts?atomic=1", "name,email,Labels\nx,x@acme.com," + joined(n, ";", label) + "\n"
		}},
		{"our own tags in a cell", "tags", crm.MaxTags, func(n int) (string, string) {
			return "/import/contacts?atomic=1", "name,email,tags\nx,x@acme.com,\"" + joined(n, ",", label) + "\"\n"
		}},
		{"keys of custom", "keys", norm.MaxMembers, func(n int) (string, string) {
			return "/contacts", `{"name":"x","custom":` + object(n) + `}`
		}},
		{"members of a campaign", "contacts", 10_000, func(n int) (string, string) {
			return members, `{"contacts":` + listed(n, always(jane)) + `}`
		}},
		{"values of in:", "stage", crm.MaxItems, inQuery("/contacts?stage=in:", ",", label)},
		{"ids", "company_id", crm.MaxItems, inQuery("/contacts?company_id=", ",", always(r.id("company", 1)))},
		{"names in fields=", "fields", crm.MaxItems, inQuery("/contacts?fields=", ",", always("name"))},
		{"kinds in types=", "types", crm.MaxItems, inQuery("/search?q=x&types=", ",", always("deals"))},
		{"conditions", "conditions", 100, inQuery("/contacts?", "&", always("stage=lead"))},
		{"parameters", "parameters", crm.MaxParams, inQuery("/contacts?", "&", always("search="))},
	}
}

// A list of the most items is accepted; with one more, the request is refused by an error
// that names the field and the limit.
func TestListsAreAcceptedUpToTheirLimits(t *testing.T) {
	r := newRig(t).as("ann@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane","email":"jane@acme.com"}`)
	r.want(201, "POST", "/campaigns", `{"name":"Win back"}`)
	for _, test := range limitedLists(r, "/campaigns/"+r.id("campaign", 1)+"/members") {
		for _, n := range []int{test.most, test.most + 1} {
			path, body := test.request(n)
			method := "POST"
			if body == "" {
				method = "GET"
			}
			a := r.call(method, path, body, "Accept", "application/json")
			if n == test.most && a.status >= 300 {
				t.Errorf("%d %s are refused: %d %.300s", n, test.list, a.status, a.body)
			}
			if n > test.most && (a.status != 400 || !strings.Contains(a.body, test.field) || !strings.Contains(a.body, fmt.Sprint(test.most))) {
				t.Errorf("%d %s: %d %.300s; want a 400 with %s and %d", n, test.list, a.status, a.body, test.field, test.most)
			}
		}
	}
}

// Values have at most so many bytes, and objects so many levels.
func TestSizesAreBounded(t *testing.T) {
	r := newRig(t).as("ann@acme.com")
	nested := func(levels int) string {
		return `{"name":"x","custom":{"a":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + "}}"
	}
	r.want(201, "POST", "/contacts", nested(norm.MaxDepth-2))
	r.want(201, "POST", "/contacts", `{"name":"x","custom":{"`+strings.Repeat("k", crm.MaxMemberName)+`":1}}`)
	r.want(201, "POST", "/contacts", `{"name":"x","custom":{"a":"`+strings.Repeat("v", crm.MaxObjectSize-3)+`"}}`)
	for _, test := range []struct{ method, path, body, says string }{
		{"POST", "/contacts", nested(norm.MaxDepth - 1), "nests deeper than 64 levels"},
		{"POST", "/contacts", `{"name":"x","custom":{"` + strings.Repeat("k", crm.MaxMemberName+1) + `":1}}`, "a key must have 1 to 200 bytes"},
		{"POST", "/contacts", `{"name":"x","custom":{"a":"` + strings.Repeat("v", crm.MaxObjectSize-2) + `"}}`, "values together may have 65536 bytes"},
		{"GET", "/contacts?" + strings.Repeat("x", crm.MaxQueryBytes+1), "", "at most 16384 are allowed"},
		{"GET", "/contacts?name=" + strings.Repeat("x", 2100), "", "at most 2000 are allowed"},
		{"POST", "/contacts", `{"name":"x","email":"a@` + strings.Repeat("ö", 300_000) + `.de"}`, "not one bare e-mail address"},
		{"POST", "/companies", `{"name":"x","domain":"` + strings.Repeat("ö", 300_000) + `.de"}`, "not a domain"},
		{"GET", "/contacts?search=" + strings.Repeat("x", 2000), "", "at most 200 bytes"},
	} {
		if text := r.want(400, test.method, test.path, test.body); !strings.Contains(text, test.says) {
			t.Errorf("%s %.40s: %.300s; want %q", test.method, test.path, text, test.says)
		}
	}
	accept := strings.Repeat("a/b,", 60)
	if a := r.call("GET", "/contacts", "", "Accept", accept); a.status != 400 || !strings.Contains(a.body, "Accept has more than the maximum of 50 media types") {
		t.Errorf("an endless Accept: %d %s", a.status, a.body)
	}
}

// TestPublicBodiesAreSmall sends more than the 16 KiB of a body before sign-in, without a
// length, to the endpoints that take one.
func TestPublicBodiesAreSmall(t *testing.T) {
	r := newRig(t)
	srv := httptest.NewServer(r.handler)
	defer srv.Close()
	for _, path := range []string{"/auth/request", "/auth/verify", "/register"} {
		body := `{"email":[` + strings.Repeat("1,", 16<<10) + `1]}`
		res, err := http.Post(srv.URL+path, "application/json", struct{ io.Reader }{strings.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusRequestEntityTooLarge && path != "/register" || res.StatusCode < 400 {
			t.Errorf("%s: status %d", path, res.StatusCode)
		}
		res.Body.Close()
	}
}
