package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server"
)

func TestCleanPath(t *testing.T) {
	s := schema(t)
	for raw, want := range map[string]string{
		"/contacts":                      "/contacts",
		"/contact/c_01":                  "/contacts/c_01",
		"/contacts/contact/c_01":         "/contacts/c_01",
		"/contact/c_01/activities":       "/contacts/c_01/activities",
		"/contacts/contact/c_01/x":       "/contacts/c_01/x",
		"/token/tok_abc":                 "/tokens/tok_abc",
		"/change/aud_abc":                "/audit/aud_abc",
		"/contacts/%6A":                  "/contacts/j",
		"/contact":                       "/contact",
		"/contact/co_01":                 "/contacts/co_01",
		"/":                              "/",
		"/contacts/..":                   "/contacts/..",
		"/contacts%2Fc_01":               "",
		"/contacts/a%00":                 "",
		"/contacts/a%0d%0ab":             "",
		"/contacts/%5C":                  "",
		"/contacts/%zz":                  "",
		"/contacts/%ff":                  "",
		"/contacts/company/co_01":        "",
		"/companies/contact/c_1/x":       "",
		"":                               "",
		"*":                              "",
		"/" + strings.Repeat("a", 3_000): "",
	} {
		got, err := server.CleanPath(s, raw)
		if (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%.40q: %q, %v; want %q", raw, got, err, want)
		}
	}
}

// TestRoutesFitServeMux builds the same table on the standard library's mux, so
// that the router can be exchanged, and compares what both find.
func TestRoutesFitServeMux(t *testing.T) {
	srv := newRig(t).server()
	mux := http.NewServeMux()
	for _, row := range srv.Rows() {
		pattern := row.Method + " " + row.Path
		if row.Path == "/" {
			pattern += "{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Row", row.Method+" "+row.Path) })
	}
	for _, row := range srv.Rows() {
		path := strings.NewReplacer("{id}", "c_01ab", "{topic}", "query").Replace(row.Path)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(row.Method, path, nil))
		if found, _ := srv.Find(row.Method, path); found != w.Header().Get("Row") || found != row.Method+" "+row.Path {
			t.Errorf("%s %s: %q here, %q there", row.Method, path, found, w.Header().Get("Row"))
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/contacts/c_01", "/contact/c_01/activities", "/contacts/contact/c_01", "/%2e%2e/%2F", "//x", "/contacts/company/co_1"} {
		f.Add(seed)
	}
	s, err := crm.NewSchema(crm.Entities...)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		path, fault := server.CleanPath(s, raw)
		if fault != nil {
			if strings.ContainsFunc(norm.OneLine(fault.Hint), norm.IsInvisible) {
				t.Errorf("hint %q", fault.Hint)
			}
			return
		}
		if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "\x00\r\n\\") || strings.Count(path, "/") > strings.Count(raw, "/") {
			t.Errorf("%q became %q", raw, path)
		}
	})
}

// FuzzBody sends any bytes as the body of a write. Whatever comes, the answer is
// no server error and the text stays within its lines.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `{"name":"x","tags":{"add":["a"]},"custom":{"k":[1,{"a":null}]}}`, `{"id":"c_1","version":1,"company":{"name":"x"}}`,
		`{"name":"x","custom":{"a":1e999999999999}}`, `{"custom":{"":1}}`, `[`, "\xff", `{"name":"\u202e"}`} {
		f.Add([]byte(seed))
	}
	r := newRig(f).as("jane@acme.com")
	id := r.json(201, "POST", "/contacts", `{"name":"Jane","email":"jane@acme.com"}`)["id"].(string)
	f.Fuzz(func(t *testing.T, body []byte) {
		r.t = t
		for _, target := range []struct{ method, path string }{{"POST", "/contacts"}, {"PATCH", "/contacts/" + id}, {"POST", "/deals"}, {"POST", "/contacts/" + id + "/activities"}, {"POST", "/auth/verify"}} {
			text := r.call(target.method, target.path, string(body)).body
			object := r.call(target.method, target.path, string(body), "Accept", "application/json").body
			if strings.Count(text, "\n") > 4 || strings.Count(object, "\n") != 1 {
				t.Errorf("%s %s %q answers\n%s%s", target.method, target.path, body, text, object)
			}
		}
		r.want(200, "GET", "/contacts?sort=name", "")
	})
}
