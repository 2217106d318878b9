package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
)

// TestOnlyAdminsWriteDefinitions tries every way by which a record is written, as a user who is no admin, or
// none any more, and with a token that is not full. A definition stays as it is, and so does the workspace
// without one.
func TestOnlyAdminsWriteDefinitions(t *testing.T) {
	r := newRig(t)
	admin, bob := r.teamOfTwo()
	step := func(role string) {
		path := "/workspaces/" + admin.WorkspaceID
		a := r.send(admin.token, "POST", path+"/members/"+bob.UserID+"/role", `{"role":"`+role+`"}`)
		r.want(200, "POST", path+"/members/"+bob.UserID+"/role?code="+a.text("local_code"), `{"role":"`+role+`"}`, "Authorization", "Bearer "+admin.token)
		r.clock.Advance(1e9) // credentials end with a role
		if bob.token = r.send(r.mint(bob.Email).token, "POST", path+"/tokens", "{}").text("token"); bob.token == "" {
			t.Fatal("bob has no token")
		}
	}
	step(crm.RoleAdmin)
	for _, e := range r.store.Schema.Definitions() {
		body := full(e, "bobs", nil)
		made := r.send(bob.token, "POST", "/"+e.Route(), body)
		handle, path := made.text("handle"), "/"+e.Route()+"/"+made.text("id")
		if made.status != 201 {
			t.Fatal(made.body)
		}
		dump := r.want(200, "GET", "/export", "", "Authorization", "Bearer "+bob.token)
		change := made.text("change")
		step(crm.RoleMember)
		write := r.send(admin.token, "POST", "/workspaces/"+admin.WorkspaceID+"/tokens", `{"token_name":"w","scope":"write"}`).text("token")
		for _, token := range []string{bob.token, write} {
			for _, call := range [][3]string{{"POST", "/" + e.Route(), full(e, "other", nil)}, {"PATCH", path, full(e, "other", nil)}, {"DELETE", path, ""},
				{"POST", path + "/restore", ""}, {"POST", "/undo", `{"change":"` + change + `"}`}, {"POST", "/undo", `{"record":"` + handle + `"}`}} {
				if a := r.send(token, call[0], call[1], call[2]); a.status != 403 {
					t.Errorf("%s: status %d\n%s", call, a.status, a.body)
				}
			}
			changed := strings.Replace(dump, "bobs", "theirs", 1)
			if a := r.call("POST", "/import", changed, "Authorization", "Bearer "+token); !strings.Contains(a.body, "ERROR admin_required") && !strings.Contains(a.body, "ERROR scope_required") {
				t.Errorf("an import: %s", a.body)
			}
		}
		if now := r.want(200, "GET", "/export", "", "Authorization", "Bearer "+bob.token); fmt.Sprint(portable(t, now)) != fmt.Sprint(portable(t, dump)) {
			t.Errorf("the workspace has changed:\n%s", diff(dump, now))
		}
		step(crm.RoleAdmin)
	}
}

// TestDefinitionsAreFew makes as many views as a workspace may have, and one more, with several clients at a
// time. PUT of one that is there is no other one.
func TestDefinitionsAreFew(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	most := int(r.store.Schema.ByName("view").Definition.Most)
	together(4, func(i int) {
		for n := i; n < most; n += 4 {
			r.want(201, "PUT", fmt.Sprintf("/views/v-%d", n), `{"kind":"contacts","query":"stage=lead"}`)
		}
	})
	if text := r.want(403, "PUT", "/views/more", `{"kind":"contacts","query":"stage=lead"}`); !strings.Contains(text, fmt.Sprintf("at most %d views", most)) {
		t.Error(text)
	}
	together(4, func(i int) {
		r.want(200, "PUT", "/views/v-7", fmt.Sprintf(`{"kind":"contacts","query":"stage=s%d"}`, i))
	})
	if total := r.json(200, "GET", "/views?total=exact&limit=1", "")["total"]; fmt.Sprint(total) != fmt.Sprint(most) {
		t.Errorf("%v views", total)
	}
	if text := r.want(404, "GET", "/views/v_7", ""); !strings.Contains(text, fmt.Sprintf("and %d more", most-20)) || !strings.Contains(text, "Did you mean v-7?") {
		t.Error(text)
	}
}
