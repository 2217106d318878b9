package server_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Every path gets an answer of the API with every method, and an error says what to do next.
func TestEveryPathIsAnswered(t *testing.T) {
	r := newRig(t).as("ann@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Ann"}`)
	words := []string{"", "contacts", "contact", "c_011p", "c_", "_", "deals", "d_01s2", "won", "tags", "notes", "merge", "import", "export", "batch", "reminders", "follow_up_at",
		"api", "v1", "people", "contacts.csv", ".", "search", "tasks", "tk_012f", "campaigns", "members", "users", "schema", "é", "%20", "x_1", "workspaces", "audit", "token"}
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 5).Draw(t, "path"), "/")
		query := rapid.SampledFrom([]string{"", "?a>1", "?a[b]=c", "?_after=1", "?sort=a:desc", "?x__y=", "?created_after=1"}).Draw(t, "query")
		method := rapid.SampledFrom([]string{"GET", "POST", "PATCH", "PUT", "DELETE"}).Draw(t, "method")
		a := r.call(method, path+query, `{}`)
		if a.status >= 400 && (!strings.HasPrefix(a.body, "ERROR ") || !strings.Contains(a.body, "\nHINT  ")) && path != "/token" {
			t.Errorf("%s %s%s: %d %s", method, path, query, a.status, a.body)
		}
	})
}
