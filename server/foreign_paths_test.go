package server_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/server"
)

// Prefixes of paths of other systems, like /api/v1, are ignored, at most three segments.
func TestForeignPrefixes(t *testing.T) {
	r := newRig(t)
	for path, hint := range map[string]string{
		"/v1/contacts":               "paths begin with the kind: GET /contacts.",
		"/api/v1/people":             "in this CRM they are called contacts: GET /contacts.",
		"/crm/v1/v1/deals":           "paths begin with the kind: GET /deals.",
		"/rest/api/v2/contacts.csv":  "all of them as CSV: GET /export/contacts?format=csv.",
		"/api/v1/contacts/search":    "to search, use the list: GET /contacts?search=<words>",
		"/api/rest/crm/v1/contacts":  "GET /help/paths lists every path.",
		strings.Repeat("/v1", 660):   "GET /help/paths lists every path.",
		strings.Repeat("/v1/v2", 99): "GET /help/paths lists every path.",
	} {
		if a := r.call("GET", path, ""); a.status != 404 || !strings.Contains(a.body, hint) {
			t.Errorf("%s: %d %s, want %q", crop(path), a.status, a.body, hint)
		}
	}
}

// A path made of these prefixes takes no longer than another path without a route, and beyond
// the rate of a network no path is searched.
func TestForeignPrefixesCostLittle(t *testing.T) {
	cost := func(r *rig, path string) float64 {
		return testing.AllocsPerRun(20, func() {
			r.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		})
	}
	prefixes, other := strings.Repeat("/v1", 660), strings.Repeat("/zz", 660)
	r := newRig(t)
	if got, most := cost(r, prefixes), 1.2*cost(r, other); got > most {
		t.Errorf("660 prefixes: %.0f allocations, want %.0f at most", got, most)
	}
	r.serve(server.Options{Rate: 1})
	for r.call("GET", "/help", "").status != 429 {
	}
	if got, most := cost(r, "/deal/won/merge"), 1.2*cost(r, "/deals"); got > most {
		t.Errorf("beyond the limit: %.0f allocations for a path that no route has, want %.0f at most", got, most)
	}
}

func crop(path string) string { return path[:min(len(path), 40)] }
