package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"crmkit/crm"
)

// withScope returns a client of the same user with a token of a scope.
func (r *rig) withScope(scope string) *rig {
	r.t.Helper()
	ws := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	made := r.json(201, "POST", "/workspaces/"+ws+"/tokens", `{"token_name":"`+scope+`","scope":"`+scope+`"}`)
	one := *r
	one.header = http.Header{"Authorization": {"Bearer " + made["token"].(string)}}
	return &one
}

// TestUndoNeedsTheScope undoes with tokens of each scope: it needs the one that its own writes need.
func TestUndoNeedsTheScope(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	reads, writes := r.withScope(crm.ScopeRead), r.withScope(crm.ScopeWrite)
	a := r.json(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`)
	b := r.json(201, "POST", "/contacts", `{"name":"Bea"}`)
	changed := r.json(200, "PATCH", "/contacts/"+a["id"].(string), `{"stage":"customer"}`)
	r.confirmedDelete("/contacts/" + b["id"].(string))
	undo := func(of any) string { return fmt.Sprintf(`{"change":%q}`, of) }
	for _, path := range []string{"/undo", "/undo?dry_run=1"} {
		if got := reads.want(403, "POST", path, undo(changed["change"])); !strings.Contains(got, "scope_required") || !strings.Contains(got, `"scope":"write"`) {
			t.Errorf("with scope read: %s", got)
		}
		if got := writes.want(403, "POST", path, undo(a["change"])); !strings.Contains(got, "scope_required") || !strings.Contains(got, `"scope":"full"`) {
			t.Errorf("a create with scope write: %s", got)
		}
	}
	back := writes.json(200, "POST", "/undo", undo(changed["change"]))
	writes.want(200, "POST", "/undo", undo(back["change"]))
	restored := writes.json(200, "POST", "/undo", `{"record":"`+b["id"].(string)+`"}`)
	if got := writes.want(403, "POST", "/undo", undo(restored["change"])); !strings.Contains(got, "scope_required") {
		t.Errorf("what was restored is deleted with scope write: %s", got)
	}
	r.want(200, "GET", "/contacts/"+b["id"].(string), "")
	if text, failed := reads.tool("/mcp", "request", `{"method":"POST","path":"/undo","body":`+undo(changed["change"])+`}`); !failed || !strings.Contains(text, "scope_required") {
		t.Error(text)
	}
}

// TestUndoNeedsTheRole has a member undo what an admin did, and an admin undo what a member did.
func TestUndoNeedsTheRole(t *testing.T) {
	jane, bob := undoTeam(t)
	a := jane.json(201, "POST", "/contacts", `{"name":"Ann","stage":"lead"}`)["id"].(string)
	changed := jane.json(200, "PATCH", "/contacts/"+a, `{"stage":"customer"}`)
	for _, body := range []string{fmt.Sprintf(`{"change":%q}`, changed["change"]), `{"record":"` + a + `"}`} {
		if got := bob.want(403, "POST", "/undo", body); !strings.Contains(got, "admin_required") || !strings.Contains(got, "is by jane@acme.com: only they or an admin may undo it") {
			t.Error(got)
		}
	}
	own := bob.json(200, "PATCH", "/contacts/"+a, `{"title":"CTO"}`)
	if got := jane.want(200, "POST", "/undo", fmt.Sprintf(`{"change":%q}`, own["change"])); !strings.Contains(got, "title CTO -> (unset)") {
		t.Error(got)
	}
	other := *bob
	other.header = http.Header{}
	other.as("eve@else.com")
	if got := other.want(400, "POST", "/undo", fmt.Sprintf(`{"change":%q}`, own["change"])); !strings.Contains(got, "invalid_value") {
		t.Errorf("from another workspace: %s", got)
	}
}

// TestUndoNeedsTheConfirmation undoes a create: like DELETE it answers with a token first, which is for this undo alone.
func TestUndoNeedsTheConfirmation(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	a := r.json(201, "POST", "/contacts", `{"name":"Ann"}`)
	b := r.json(201, "POST", "/contacts", `{"name":"Bea"}`)
	body := func(of map[string]any) string { return fmt.Sprintf(`{"change":%q}`, of["change"]) }
	token := confirmOf(r.want(409, "POST", "/undo", body(a)))
	r.want(409, "POST", "/undo?confirm="+token, body(b))
	r.want(200, "GET", "/contacts/"+b["id"].(string), "")
	r.want(200, "GET", "/contacts/"+a["id"].(string), "")
	r.want(200, "PATCH", "/contacts/"+a["id"].(string), `{"stage":"lead"}`)
	if got := r.want(409, "POST", "/undo?confirm="+token, body(a)); !strings.Contains(got, "plan_stale") || !strings.Contains(got, a["id"].(string)) {
		t.Errorf("it was changed meanwhile: %s", got)
	}
	r.want(200, "GET", "/contacts/"+a["id"].(string), "")
}

// TestRedoOfWhatOthersLogged has a member delete a company on which an admin logged an activity, undo it, and do it again.
// What went with the company goes again, though the member may not delete it alone.
func TestRedoOfWhatOthersLogged(t *testing.T) {
	jane, bob := undoTeam(t)
	co := bob.json(201, "POST", "/companies", `{"name":"Acme"}`)["id"].(string)
	act := jane.json(201, "POST", "/companies/"+co+"/activities", `{"body":"by Jane"}`)["id"].(string)
	bob.confirmedDelete("/companies/" + co)
	jane.want(404, "GET", "/activities/"+act, "")
	group := regexpChange.FindString(bob.want(409, "POST", "/undo", `{"record":"company/`+co+`"}`))
	back := bob.json(200, "POST", "/undo", `{"change":"`+group+`"}`)
	jane.want(200, "GET", "/activities/"+act, "")
	if got := bob.want(403, "DELETE", "/activities/"+act, ""); !strings.Contains(got, "admin_required") {
		t.Error(got)
	}
	body := fmt.Sprintf(`{"change":%q}`, back["change"])
	token := confirmOf(bob.want(409, "POST", "/undo", body))
	bob.want(200, "POST", "/undo?confirm="+token, body)
	jane.want(404, "GET", "/companies/"+co, "")
	jane.want(404, "GET", "/activities/"+act, "")
}
