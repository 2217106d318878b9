package server_test

import (
	"strings"
	"testing"

	"crmkit/crm"
)

// allowing signs in on the page and allows access to the workspace listed first.
func (c *connector) allowing(email string, choices ...string) pair {
	c.t.Helper()
	c.begin()
	c.post("step", "email", "email", email)
	c.post("step", "code", "code", c.code())
	a := c.post(append([]string{"step", "access", "workspace", workspace.FindStringSubmatch(c.html)[1]}, choices...)...)
	return c.pair(c.redeem(c.sentTo(a).Get("code")))
}

// TestReachIsChosenOnThePage checks that a connection reaches other workspaces if the person
// chose so, and only then.
func TestReachIsChosenOnThePage(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	for what, try := range map[string]struct {
		choices []string
		free    bool
	}{
		"nothing chosen": {[]string{"scope", "full"}, false},
		"one":            {[]string{"scope", "full", "reach", "one"}, false},
		"all":            {[]string{"scope", "full", "reach", "all"}, true},
	} {
		p := c.allowing("jane@acme.com", try.choices...)
		other := c.send(p.access, "POST", "/workspaces", `{"name":"Second"}`).text("id")
		mint := c.send(p.access, "POST", "/workspaces/"+other+"/tokens", "{}")
		members := c.send(p.access, "GET", "/workspaces/"+other+"/members", "")
		if free := mint.status == 201 && members.status == 200; free != try.free {
			t.Errorf("%s: %d %d %s", what, mint.status, members.status, mint.body)
		}
		c.header.Set("Authorization", "Bearer "+p.access)
		text, _ := c.request("POST", "/workspaces/"+other+"/tokens", `{}`)
		if strings.Contains(text, "token=ck_") != try.free || !try.free && !strings.Contains(text, "the person who connected it chose only that one") {
			t.Errorf("%s, by a tool: %s", what, text)
		}
		if !try.free {
			continue
		}
		if who := c.send(mint.text("token"), "GET", "/whoami", ""); who.text("workspace_id") != other {
			t.Errorf("the token acts in %s", who.body)
		}
		if a := c.send(mint.text("token"), "GET", "/workspaces/"+c.send(p.access, "GET", "/whoami", "").text("workspace_id"), ""); a.text("error") != "scope_required" {
			t.Errorf("a token that a connection made goes on: %s", a.body)
		}
		c.send(p.access, "DELETE", "/tokens/"+c.send(p.access, "GET", "/whoami", "").text("token_id"), "")
		if c.works(mint.text("token")) != 401 {
			t.Error("a token in another workspace outlives the connection that made it")
		}
		c.header.Del("Authorization")
	}
}

// TestReachIsOffered checks the choices of the page, and that a refused choice stays selected.
func TestReachIsOffered(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	c.begin()
	c.post("step", "email", "email", "jane@acme.com")
	c.post("step", "code", "code", c.code())
	if !strings.Contains(c.html, `name="reach" value="one" checked`) || !strings.Contains(c.html, `name="reach" value="all">`) {
		t.Error("the page does not offer one workspace first")
	}
	first := workspace.FindStringSubmatch(c.html)[1]
	for _, choice := range [][2]string{{"write", "all"}, {"read", "all"}, {"full", "every"}} {
		a := c.post("step", "access", "workspace", first, "scope", choice[0], "reach", choice[1])
		if a.status != 400 || !strings.Contains(a.body, `id="problem"`) || strings.Contains(a.body, `value="all" checked`) != (choice[1] == "all") {
			t.Errorf("%v: %d %s", choice, a.status, a.body)
		}
	}
}

// TestHintsForToolsAreForTools calls every row of the route table through the MCP
// tool, with connections of every scope: no answer names what a tool cannot do.
func TestHintsForToolsAreForTools(t *testing.T) {
	r := newRig(t)
	ids := fillTenant(r.as("jane@acme.com"))
	r.header.Del("Authorization")
	c := r.register("Claude", callback)
	stranger := r.mint("mallory@evil.example")
	for _, scope := range crm.Scopes() {
		p := c.allowing("jane@acme.com", "scope", scope)
		for _, row := range c.server().Rows() {
			if row.Access == "public" || strings.HasPrefix(row.Path, "/mcp") || row.Method == "DELETE" && row.Path == "/workspaces/{id}" {
				continue
			}
			path := spellings(row.Path, above(c.rig, row.Path), ids)[0]
			for _, path := range []string{path, strings.ReplaceAll(path, ids["workspace"], stranger.WorkspaceID)} {
				c.header.Set("Authorization", "Bearer "+p.access)
				text, _ := c.request(row.Method, path, bodyFor(row))
				for _, part := range []string{"/auth/", "X-Escalation-Code", "sign in:", "signing in again"} {
					if strings.Contains(text, part) {
						t.Errorf("%s %s with the scope %s says %q: %s", row.Method, path, scope, part, text)
					}
				}
			}
		}
		c.header.Del("Authorization")
	}
	for _, token := range []string{"", "ck_short", unknownToken} {
		if a := c.rpc("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, "Authorization", "Bearer "+token); a.status != 401 || strings.Contains(a.body, "/auth/") || !strings.Contains(a.body, "Connect again") {
			t.Errorf("with the token %q: %d %s", token, a.status, a.body)
		}
	}
}
