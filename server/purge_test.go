package server_test

import (
	"fmt"
	"net/http"
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

// TestPurgeCannotBeUndone purges a record whose deletes and merges could be undone until then.
func TestPurgeCannotBeUndone(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test","email":"zed@test.example"}`)["id"].(string)
	stays := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)["id"].(string)
	r.want(200, "POST", "/batch", `[{"method":"PATCH","path":"/contacts/`+c+`","body":{"title":"CEO"}},{"method":"PATCH","path":"/contacts/`+stays+`","body":{"title":"CFO"}}]`, "Crmkit-Run", "titles")
	token := r.json(409, "DELETE", "/contacts/"+c, "")["confirm"].(string)
	gone := r.json(200, "DELETE", "/contacts/"+c+"?confirm="+token, "")["change"].(string)
	r.purged("/contacts/" + c)
	for _, body := range []string{`{"record":"` + c + `"}`, `{"change":"` + gone + `"}`} {
		if text := r.want(410, "POST", "/undo", body); !strings.Contains(text, "ERROR purged") {
			t.Errorf("%s: %s", body, text)
		}
	}
	text := r.want(200, "POST", "/undo", `{"run":"titles"}`)
	if !strings.Contains(text, "1 updated") || !strings.Contains(text, "was erased at 2026-06-10T09:00:00Z by jane@acme.com: nothing brings it back") {
		t.Error(text)
	}
	r.want(404, "GET", "/contacts/"+c, "")
	change := r.json(200, "GET", "/audit?action=purge", "")["items"].([]any)[0].(map[string]any)
	if change["target"] != "contact/"+c || change["by"] != "jane@acme.com" {
		t.Errorf("the feed has %v", change)
	}
}

// TestPurgeNeedsAnAdmin checks that neither a member nor a narrower token may purge.
func TestPurgeNeedsAnAdmin(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test"}`)["id"].(string)
	space := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	r.want(201, "POST", "/workspaces/"+space+"/invites", `{"email":"bob@acme.com"}`)
	token := r.json(201, "POST", "/workspaces/"+space+"/tokens", `{"token_name":"w","scope":"write"}`)["token"].(string)
	if text := r.want(403, "DELETE", "/contacts/"+c+"?purge=1", "", "Authorization", "Bearer "+token); !strings.Contains(text, "scope_required") {
		t.Error(text)
	}
	r.as("bob@acme.com")
	path := "/workspaces/" + space + "/tokens"
	member := r.json(201, "POST", path, `{"token_name":"m"}`)["token"].(string)
	for _, query := range []string{"?purge=1", "?purge=1&dry_run=1", "?purge=1&code=123456"} {
		if text := r.want(403, "DELETE", "/contacts/"+c+query, "", "Authorization", "Bearer "+member); !strings.Contains(text, "admin_required") {
			t.Errorf("%s: %s", query, text)
		}
	}
}

// TestPurgeKeepsOtherWorkspaces purges a person whom another workspace knows by the same values.
func TestPurgeKeepsOtherWorkspaces(t *testing.T) {
	r := newRig(t)
	person := `{"name":"Zed Test","email":"zed@test.example","notes":"the same notes","tags":["same"],"custom":{"same":"value"}}`
	headers := []http.Header{}
	for _, user := range []string{"jane@acme.com", "eve@other.example"} {
		r.as(user)
		c := r.json(201, "POST", "/contacts", person)["id"].(string)
		r.want(200, "PATCH", "/contacts/"+c, `{"title":"CEO"}`, "Idempotency-Key", "same")
		headers = append(headers, r.header)
	}
	r.header = headers[0]
	r.purged("/contacts/" + r.id("contact", 1))
	r.header = headers[1]
	for path, has := range map[string]string{"/contacts?tags=same": "the same notes", "/audit": "to.title=CEO", "/search?q=zed": "Zed Test", "/contacts?custom.same=value": "zed@test.example"} {
		if text := r.want(200, "GET", path+mark(path)+"format=json", ""); !strings.Contains(text, strings.TrimPrefix(has, "to.title=")) {
			t.Errorf("%s: %s", path, text)
		}
	}
	list := r.json(200, "GET", "/contacts", "")["items"].([]any)
	id := list[0].(map[string]any)["id"].(string)
	if text := r.want(200, "PATCH", "/contacts/"+id, `{"title":"CEO"}`, "Idempotency-Key", "same"); !strings.Contains(text, "Zed Test") {
		t.Errorf("the stored answer of the other workspace is gone: %s", text)
	}
}

func mark(path string) string {
	if strings.Contains(path, "?") {
		return "&"
	}
	return "?"
}

// TestPurgeFromTrash purges records that were deleted before, one with so many others that these go in steps.
func TestPurgeFromTrash(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test"}`)["id"].(string)
	for from := 0; from < 600; from += 200 {
		lines := make([]string, 200)
		for i := range lines {
			lines[i] = fmt.Sprintf(`{"method":"POST","path":"/contacts/%s/activities","body":{"kind":"note","body":"marker %d"}}`, c, from+i)
		}
		r.want(200, "POST", "/batch", "["+strings.Join(lines, ",")+"]")
	}
	token := r.json(409, "DELETE", "/contacts/"+c, "")["confirm"].(string)
	r.want(200, "DELETE", "/contacts/"+c+"?confirm="+token, "")
	dry := r.want(200, "DELETE", "/contacts/"+c+"?purge=1&dry_run=1", "")
	r.purged("/contacts/" + c)
	if err := r.store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, text := range r.column("SELECT COALESCE(before, '') || COALESCE(after, '') FROM log") {
		if strings.Contains(text, "marker") || strings.Contains(text, "Zed") {
			t.Fatalf("the log has %s; the dry run was %s", text, dry)
		}
	}
	if n := r.column("SELECT COUNT(*) FROM log WHERE after LIKE '%erased_at%'"); n[0] != "1202" {
		t.Errorf("%s entries are erased", n)
	}
	if left := r.column("SELECT COUNT(*) FROM cascades"); left[0] != "0" {
		t.Errorf("%s cascades are left", left)
	}
}

// TestPurgeKeepsWhatIsDoneOnce checks that requests of before the purge are still not done twice, although their answers
// are erased, and that dry runs of before confirm nothing.
func TestPurgeKeepsWhatIsDoneOnce(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	c := r.json(201, "POST", "/contacts", `{"name":"Zed Test","email":"zed@test.example"}`)["id"].(string)
	r.want(201, "POST", "/companies", `{"name":"Acme"}`, "Idempotency-Key", "acme")
	gone := r.json(201, "POST", "/companies", `{"name":"Gone"}`)["id"].(string)
	token := r.json(409, "DELETE", "/companies/"+gone, "")["confirm"].(string)
	r.want(200, "DELETE", "/companies/"+gone+"?confirm="+token, "")
	waits := r.json(200, "PATCH", "/contacts?email=zed@test.example&dry_run=1", `{"stage":"lead"}`)["confirm"].(string)
	r.purged("/contacts/" + c)
	again := r.want(201, "POST", "/companies", `{"name":"Acme"}`, "Idempotency-Key", "acme")
	if !strings.Contains(again, "its answer was erased") || !strings.HasSuffix(again, "# replayed\n") {
		t.Error(again)
	}
	if replayed := r.want(201, "POST", "/companies", `{"name":"Acme"}`, "Idempotency-Key", "acme", "Accept", "application/json"); !strings.HasSuffix(replayed, `],"replayed":true}`+"\n") {
		t.Error(replayed)
	}
	if text := r.want(200, "DELETE", "/companies/"+gone+"?confirm="+token, ""); !strings.HasSuffix(text, "# already done\n") {
		t.Error(text)
	}
	if text := r.want(400, "PATCH", "/contacts?email=zed@test.example&confirm="+waits, `{"stage":"lead"}`); !strings.Contains(text, "is not valid") {
		t.Error(text)
	}
	if n := r.column("SELECT COUNT(*) FROM companies WHERE name = 'Acme'")[0]; n != "1" {
		t.Errorf("%s companies", n)
	}
}
