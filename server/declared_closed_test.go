package server_test

import (
	"fmt"
	"strings"
	"testing"

	"crmkit/store"
)

// TestDeclaredKeysOnly closes a workspace to keys that are not declared: every way in refuses a new one and names those
// that are, records keep what they have, and an undo brings back what it took.
func TestDeclaredKeysOnly(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	workspace := r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
	r.want(201, "POST", "/fields", `{"kind":"company","name":"region","type":"text"}`)
	r.want(201, "POST", "/companies", `{"name":"Old","domain":"old.com","custom":{"legacy":1,"zone":"x"}}`)
	r.want(400, "PATCH", "/workspaces/"+workspace, `{"custom_keys":"some"}`)
	if text := r.want(200, "PATCH", "/workspaces/"+workspace, `{"custom_keys":"declared"}`); !strings.Contains(text, "updated: custom_keys (unset) -> declared") {
		t.Error(text)
	}
	old := "/companies/" + r.id("company", 1)
	for _, c := range []struct {
		status                   int
		method, path, body, want string
	}{
		{400, "POST", "/companies", `{"name":"A","custom":{"regoin":"x"}}`, "takes declared keys only: region. Nothing was saved"},
		{400, "POST", "/contacts", `{"name":"A","custom":{"vip":true}}`, "and contacts have none"},
		{400, "PATCH", old, `{"custom":{"other":1}}`, "custom has no key other"},
		{400, "PATCH", old, `{"custom":{"legacy":2}}`, "custom has no key legacy"}, // which stays as it is, and may go
		{200, "PATCH", old, `{"custom":{"region":"emea","zone":null}}`, "custom.legacy=1 custom.region=emea"},
		{400, "POST", "/batch", `[{"method":"POST","path":"/companies","body":{"name":"C","custom":{"regoin":"x"}}}]`, "line 1"},
		{200, "POST", "/import/companies", "name,domain,region,seats\nD,d.com,x,\nE,e.com,y,7\n", "row 2 ERROR unknown_field custom has no key seats: this workspace takes declared keys only: region. Leave the column out"},
		{400, "PATCH", "/companies?domain=old.com", `{"custom":{"regoin":"x"}}`, "custom has no key regoin"},
		{200, "GET", "/schema", "", "custom_keys=declared"},
		{200, "GET", "/workspaces/" + workspace, "", "custom_keys=declared"},
		{200, "POST", "/undo", `{"record":"company/` + r.id("company", 1) + `"}`, "custom.zone"},
		{200, "PATCH", "/workspaces/" + workspace, `{"custom_keys":null}`, "custom_keys declared -> (unset)"},
		{201, "POST", "/companies", `{"name":"Z","custom":{"territory":"x"}}`, "custom.territory=x"},
	} {
		if text := r.want(c.status, c.method, c.path, c.body); !strings.Contains(text, c.want) {
			t.Errorf("%s %s %s has no %q\n%s", c.method, c.path, c.body, c.want, text)
		}
	}
}

// TestServersCloseAtOnce closes and opens a workspace on one server, again and again: after each answer no server lets a
// free key in, or refuses one.
func TestServersCloseAtOnce(t *testing.T) {
	for _, s := range feedSetups() {
		t.Run(s.String(), func(t *testing.T) {
			r := s.newRig(t, store.Options{}).as("jane@acme.com")
			workspace := r.json(200, "GET", "/workspaces", "")["items"].([]any)[0].(map[string]any)["id"].(string)
			for n := range 6 {
				closed := n%2 == 0
				r.want(200, "PATCH", "/workspaces/"+workspace, map[bool]string{true: `{"custom_keys":"declared"}`, false: `{"custom_keys":"any"}`}[closed])
				together(9, func(i int) {
					a := r.call("POST", "/companies", fmt.Sprintf(`{"name":"Co","custom":{"k%d":1}}`, i))
					if want := map[bool]int{true: 400, false: 201}[closed]; a.status != want {
						t.Errorf("round %d: %d %s", n, a.status, a.body)
					}
				})
			}
		})
	}
}
