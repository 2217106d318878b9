package server_test

import (
	"strings"
	"testing"
)

// purged purges a record with a code, and returns the answer.
func (r *rig) purged(path string) string {
	r.t.Helper()
	fault := r.json(403, "DELETE", path+"?purge=1", "")
	return r.want(200, "DELETE", path+"?purge=1&code="+fault["local_code"].(string), "")
}

// TestPurgeErasesHistory purges a record that is in use, and checks what is left of it.
func TestPurgeErasesHistory(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test","email":"zed@test.example"}`)["id"].(string)
	r.want(201, "POST", "/contacts/"+c+"/activities", `{"kind":"note","body":"marker text"}`)
	dry := r.want(200, "DELETE", "/contacts/"+c+"?purge=1&dry_run=1", "")
	for _, part := range []string{`this erases contact/` + c + ` "Zed Test" for good, with 1 activity, `, "\n# nothing was saved\n"} {
		if !strings.Contains(dry, part) {
			t.Errorf("the dry run lacks %q: %s", part, dry)
		}
	}
	if strings.Contains(dry, "confirm=") {
		t.Errorf("a dry run offers another confirmation: %s", dry)
	}
	done := r.purged("/contacts/" + c)
	if !strings.HasPrefix(done, "purged contact/"+c+"\n# it is erased for good: ") {
		t.Error(done)
	}
	log := r.want(200, "GET", "/audit?limit=200", "")
	if strings.Contains(log, "marker") || strings.Contains(strings.ToLower(log), "zed") {
		t.Errorf("the log still has it: %s", log)
	}
	if n := strings.Count(log, "to.erased_at=2026-06-10T09:00:00Z to.erased_by=jane@acme.com"); n != 4 {
		t.Errorf("%d entries are erased: %s", n, log)
	}
	if !strings.Contains(log, " action=purge target=contact/"+c) {
		t.Errorf("the log does not say so: %s", log)
	}
	if gone := r.want(410, "DELETE", "/contacts/"+c+"?purge=1", ""); !strings.Contains(gone, "ERROR purged") || !strings.Contains(gone, "erased at 2026-06-10T09:00:00Z by jane@acme.com") {
		t.Error(gone)
	}
}

// TestPurgeIsRefused checks who may purge, and which requests are refused.
func TestPurgeIsRefused(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test"}`)["id"].(string)
	for _, test := range []struct {
		status int
		path   string
		says   string
	}{
		{400, "?purge=maybe", "purge=1"},
		{400, "?code=123456", "code= is for a purge"},
		{400, "?purge=1&confirm=x", "confirmed by the code"},
		{400, "?purge=1&limit=5&dry_run=1", "has no pages"},
		{403, "?purge=1&code=000000", "invalid_code"},
		{404, "9?purge=1", "not_found"},
	} {
		if text := r.want(test.status, "DELETE", "/contacts/"+c+test.path, ""); !strings.Contains(text, test.says) {
			t.Errorf("%s: %s", test.path, text)
		}
	}
	if text := r.want(412, "DELETE", "/contacts/"+c+"?purge=1", "", "If-Match", "9"); !strings.Contains(text, "version_conflict") {
		t.Error(text)
	}
	if text := r.want(400, "POST", "/batch", `[{"method":"DELETE","path":"/contacts/`+c+`?purge=1"}]`); !strings.Contains(text, "no line of a batch") {
		t.Error(text)
	}
	r.want(200, "GET", "/contacts/"+c, "")
}
