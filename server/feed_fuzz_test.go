package server_test

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzChangeFilters asks for changes with any filters. The answer is a list, or an error of the client
// that names what is wrong; none adds a line to the answer, and the same request gets the same answer.
func FuzzChangeFilters(f *testing.F) {
	for _, query := range []string{"", "since=now", "since=seq_02nm", "by=me", "by=not-me", "by=x", "kind=contact,deals", "kind=,", "record=contact/c_011p", "record=c_1&field=stage",
		"to.stage=lead&to.name=Jane", "to.custom.k=1", "to.=x", "to.tags=%00", "field=custom.a.b", "summary=1", "summary=maybe", "limit=0", "limit=1e9", "run=x", "run=%20",
		"bookmark=daily", "bookmark=", "since=now&bookmark=x", "format=json", "format=csv", "to.stage=%E2%80%AE", "a=b;c", "%10&A900A="} {
		f.Add(query)
	}
	r := newRig(f).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane","email":"jane@acme.com","stage":"lead","tags":["vip"],"custom":{"k":[1,{"a":null}]}}`, "Crmkit-Run", "x")
	f.Fuzz(func(t *testing.T, query string) {
		r.t = t
		values, err := url.ParseQuery(query)
		if err != nil || values.Has("wait") || values.Get("format") == "events" {
			return // they take time
		}
		path := "/changes?" + values.Encode()
		a := r.call("GET", path, "")
		if again := r.call("GET", path, ""); again.status != a.status || again.body != a.body {
			t.Errorf("%s answers\n%s\nthen\n%s", path, a.body, again.body)
		}
		if a.status != 200 && strings.Count(a.body, "\n") > 3 {
			t.Errorf("%s answers %d\n%s", path, a.status, a.body)
		}
		if a.status == 200 && !strings.Contains(a.body, "cursor") {
			t.Errorf("%s has no cursor: %s", path, a.body)
		}
	})
}
