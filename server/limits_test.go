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

// listed returns a JSON array of so many strings.
func listed(n int, item func(i int) string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = `"` + item(i) + `"`
	}
	return "[" + strings.Join(items, ",") + "]"
}

func label(i int) string { return fmt.Sprintf("t%d", i) }

// object returns a JSON object of so many keys.
func object(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return "{" + b.String()[1:] + "}"
}

// Each list that a request may send is taken up to its limit; one item more is
// refused by an error that names the field and the limit.
func TestListsAreTakenUpToTheirLimits(t *testing.T) {
	tags := func(form string) func(int) (string, string) {
		return func(n int) (string, string) { return "/contacts", fmt.Sprintf(form, listed(n, label)) }
	}
	params := func(form string, separator string, item func(int) string) func(int) (string, string) {
		return func(n int) (string, string) {
			items := make([]string, n)
			for i := range items {
				items[i] = item(i)
			}
			return form + strings.Join(items, separator), ""
		}
	}
	r := newRig(t).as("ann@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane","email":"jane@acme.com"}`)
	r.want(201, "POST", "/campaigns", `{"name":"Win back"}`)
	jane, members := r.id("contact", 1), "/campaigns/"+r.id("campaign", 1)+"/members"
	for _, test := range []struct {
		what, field string
		most        int
		request     func(n int) (path, body string)
	}{
		{"tags", "tags", crm.MaxTags, tags(`{"name":"x","tags":%s}`)},
		{"tags added", "tags", crm.MaxTags, tags(`{"name":"x","tags":{"add":%s}}`)},
		{"tags removed", "tags", crm.MaxTags, tags(`{"name":"x","tags":{"remove":%s}}`)},
		{"a cell of labels", "tags", crm.MaxTags, func(n int) (string, string) {
			list, _ := params("", ";", label)(n)
			return "/import/contacts?atomic=1", "name,email,Labels\nx,x@acme.com," + list + "\n"
		}},
		{"a cell of our own tags", "tags", crm.MaxTags, func(n int) (string, string) {
			list, _ := params("", ",", label)(n)
			return "/import/contacts?atomic=1", "name,email,tags\nx,x@acme.com,\"" + list + "\"\n"
		}},
		{"keys of custom", "keys", norm.MaxMembers, func(n int) (string, string) {
			return "/contacts", `{"name":"x","custom":` + object(n) + `}`
		}},
		{"members of a campaign", "contacts", 10_000, func(n int) (string, string) {
			return members, `{"contacts":` + listed(n, func(int) string { return jane }) + `}`
		}},
		{"values of in:", "stage", crm.MaxItems, params("/contacts?stage=in:", ",", label)},
		{"ids", "company_id", crm.MaxItems, params("/contacts?company_id=", ",", func(int) string { return r.id("company", 1) })},
		{"names in fields=", "fields", crm.MaxItems, params("/contacts?fields=", ",", func(int) string { return "name" })},
		{"kinds in types=", "types", crm.MaxItems, params("/search?q=x&types=", ",", func(int) string { return "deals" })},
		{"conditions", "conditions", 100, params("/contacts?", "&", func(int) string { return "stage=lead" })},
		{"parameters", "parameters", crm.MaxParams, params("/contacts?", "&", func(int) string { return "search=" })},
	} {
		for _, n := range []int{test.most, test.most + 1} {
			path, body := test.request(n)
			method := "POST"
			if body == "" {
				method = "GET"
			}
			a := r.call(method, path, body, "Accept", "application/json")
			if n == test.most && a.status >= 300 {
				t.Errorf("%d %s are refused: %d %.300s", n, test.what, a.status, a.body)
			}
			if n > test.most && (a.status != 400 || !strings.Contains(a.body, test.field) || !strings.Contains(a.body, fmt.Sprint(test.most))) {
				t.Errorf("%d %s: %d %.300s; want a 400 with %s and %d", n, test.what, a.status, a.body, test.field, test.most)
			}
		}
	}
}

// Limits on bytes, and on what nests.
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
		{"POST", "/contacts", `{"name":"x","custom":{"` + strings.Repeat("k", crm.MaxMemberName+1) + `":1}}`, "a key has 1 to 200 bytes"},
		{"POST", "/contacts", `{"name":"x","custom":{"a":"` + strings.Repeat("v", crm.MaxObjectSize-2) + `"}}`, "custom holds more than the 65536 bytes"},
		{"GET", "/contacts?" + strings.Repeat("x", crm.MaxQueryBytes+1), "", "the most that are taken are 16384"},
		{"GET", "/contacts?name=" + strings.Repeat("x", 2100), "", "takes at most 2000"},
		{"POST", "/contacts", `{"name":"x","email":"a@` + strings.Repeat("ö", 300_000) + `.de"}`, "not one bare e-mail address"},
		{"POST", "/companies", `{"name":"x","domain":"` + strings.Repeat("ö", 300_000) + `.de"}`, "not a domain"},
		{"GET", "/contacts?search=" + strings.Repeat("x", 2000), "", "at most 200 bytes"},
	} {
		if text := r.want(400, test.method, test.path, test.body); !strings.Contains(text, test.says) {
			t.Errorf("%s %.40s: %.300s; want %q", test.method, test.path, text, test.says)
		}
	}
	accept := strings.Repeat("a/b,", 60)
	if a := r.call("GET", "/contacts", "", "Accept", accept); a.status != 400 || !strings.Contains(a.body, "Accept has more than 50 media types") {
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
