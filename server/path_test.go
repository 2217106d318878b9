package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRoutesFitServeMux builds the same table with http.ServeMux and compares the routes that both
// find: the table depends on no property of one router.
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

// FuzzBody sends any bytes as the body of a write. The answer is never an error of the server, and
// no text of the body adds a line to it.
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
			if strings.Count(text, "\n")-strings.Count(text, "\n# looks like ")-strings.Count(text, "\n# and like ") > 4 || strings.Count(object, "\n") != 1 {
				t.Errorf("%s %s %q answers\n%s%s", target.method, target.path, body, text, object)
			}
		}
		r.want(200, "GET", "/contacts?sort=name", "")
	})
}
