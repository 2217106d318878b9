package server_test

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestConnectorSignsIn(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	p := c.signedIn("jane@acme.com", "write")
	who := c.want(200, "GET", "/whoami", "", "Authorization", "Bearer "+p.access)
	if !strings.Contains(who, "token_name=Claude") || !strings.Contains(who, "scope=write") {
		t.Errorf("whoami %s", who)
	}
	tokens := c.want(200, "GET", "/tokens?fields=name,origin", "", "Authorization", "Bearer "+p.access)
	if !strings.Contains(tokens, "origin=oauth") {
		t.Errorf("tokens %s", tokens)
	}
	next := c.pair(c.refresh(p.refresh))
	if c.works(next.access) != 200 || c.works(p.access) != 200 {
		t.Error("after a refresh both access tokens work for a while")
	}
	c.clock.Advance(3 * time.Minute)
	if c.works(next.access) != 200 || c.works(p.access) != 401 {
		t.Error("the old access token dies, the new one lives")
	}
}

func TestTokenEndpointRefuses(t *testing.T) {
	r := newRig(t)
	c, other := r.register("Claude", callback), r.register("Other", callback)
	code := c.approve("jane@acme.com", "full").Get("code")
	for what, more := range map[string][]string{
		"verifier": {"code_verifier", verifier + "x"}, "no verifier": {"code_verifier", ""}, "redirect": {"redirect_uri", callback + "/"}, "client": {"client_id", other.client},
	} {
		wantOAuth(t, what, c.redeem(code, more...), 400, "invalid_grant")
	}
	wantOAuth(t, "resource", c.redeem(code, "resource", "https://other.example"), 400, "invalid_target")
	wantOAuth(t, "unknown client", c.redeem(code, "client_id", "oc_0000000000"), 401, "invalid_client")
	wantOAuth(t, "password grant", c.token("grant_type", "password", "username", "x"), 400, "unsupported_grant_type")
	wantOAuth(t, "JSON", c.call("POST", "/token", `{"grant_type":"authorization_code"}`, "Content-Type", "application/json"), 400, "invalid_request")
	wantOAuth(t, "duplicate", c.call("POST", "/token", "grant_type=refresh_token&grant_type=refresh_token", "Content-Type", formType), 400, "invalid_request")
	c.want(405, "GET", "/token", "")
	p := c.pair(c.redeem(code))
	if c.works(code) != 401 || c.works(p.refresh) != 401 || c.call("GET", "/whoami?access_token="+p.access, "").status != 401 {
		t.Error("something other than an access token in the header opens the API")
	}
	wantOAuth(t, "refresh by another client", other.refresh(p.refresh), 400, "invalid_grant")
	wantOAuth(t, "access token as refresh", c.refresh(p.access), 400, "invalid_grant")
	if next := c.pair(c.refresh(p.refresh)); c.works(next.access) != 200 {
		t.Error("the refresh token was burnt by another client")
	}
	wantOAuth(t, "replay", c.redeem(code), 400, "invalid_grant")
	if c.works(p.access) != 401 {
		t.Error("a replayed code did not revoke what it gave")
	}
	late := c.approve("jane@acme.com", "full").Get("code")
	c.clock.Advance(61 * time.Second)
	wantOAuth(t, "old code", c.redeem(late), 400, "invalid_grant")
}

func TestOneCodeGivesOneToken(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	code := c.approve("jane@acme.com", "full").Get("code")
	var wg sync.WaitGroup
	good := make(chan int, 8)
	for range 8 {
		wg.Go(func() {
			if c.redeem(code).status == 200 {
				good <- 1
			}
		})
	}
	wg.Wait()
	if len(good) != 1 {
		t.Errorf("%d of 8 got a token for one code", len(good))
	}
}

func TestParallelRefreshes(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	first := c.signedIn("jane@acme.com", "full")
	pairs := make(chan pair, 8)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if a := c.refresh(first.refresh); a.status == 200 {
				pairs <- c.pair(a)
			}
		})
	}
	wg.Wait()
	close(pairs)
	n := 0
	var last pair
	for last = range pairs {
		if n++; c.works(last.access) != 200 {
			t.Error("an access token of a parallel refresh does not work")
		}
	}
	if n != 8 {
		t.Errorf("%d of 8 parallel refreshes went through", n)
	}
	c.clock.Advance(3 * time.Minute)
	last = c.pair(c.refresh(last.refresh))
	wantOAuth(t, "reuse", c.refresh(first.refresh), 400, "invalid_grant")
	if c.works(last.access) != 401 {
		t.Error("reuse of an old refresh token did not end the family")
	}
	wantOAuth(t, "after the end", c.refresh(last.refresh), 400, "invalid_grant")
}

// TestUnusedRefreshPairsEnd checks that of the pairs which parallel refreshes leave unused only a
// few stay valid, and that these end when the connection goes on.
func TestUnusedRefreshPairsEnd(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	first := c.signedIn("jane@acme.com", "full")
	spare, current := c.pair(c.refresh(first.refresh)), c.pair(c.refresh(first.refresh))
	for range 25 {
		c.clock.Advance(3 * time.Minute)
		current = c.pair(c.refresh(current.refresh))
	}
	if c.works(current.access) != 200 || c.works(spare.access) != 200 {
		t.Error("a spare pair among few ends")
	}
	for range 30 {
		c.pair(c.refresh(current.refresh))
	}
	c.clock.Advance(2 * time.Second) // a session is cached for one
	if c.works(spare.access) != 401 || c.refresh(spare.refresh).status != 400 {
		t.Error("a spare pair outlives thirty later ones")
	}
}

// TestRevokedConnections checks that revoking one token of a connection ends all its tokens.
func TestRevokedConnections(t *testing.T) {
	r := newRig(t)
	c := r.register("Claude", callback)
	tokenID := func(p pair) string {
		return regexp.MustCompile(`token_id=(tok_\w+)`).FindStringSubmatch(c.want(200, "GET", "/whoami", "", withToken(p.access)...))[1]
	}
	p := c.signedIn("jane@acme.com", "full")
	c.want(200, "DELETE", "/tokens/"+tokenID(p), "", withToken(p.access)...)
	wantOAuth(t, "refresh after DELETE /tokens", c.refresh(p.refresh), 400, "invalid_grant")

	for _, kind := range []string{"access", "refresh"} {
		p := c.signedIn("jane@acme.com", "full")
		secret := map[string]string{"access": p.access, "refresh": p.refresh}[kind]
		if a := c.call("POST", "/revoke", url.Values{"token": {secret}, "client_id": {"oc_other00000"}}.Encode(), "Content-Type", formType); a.status != 400 {
			t.Errorf("revocation by another client: %d", a.status)
		}
		c.want(200, "POST", "/revoke", url.Values{"token": {secret}, "client_id": {c.client}}.Encode(), "Content-Type", formType)
		c.want(200, "POST", "/revoke", url.Values{"token": {secret}, "client_id": {c.client}}.Encode(), "Content-Type", formType)
		if c.works(p.access) != 401 || c.refresh(p.refresh).status != 400 {
			t.Errorf("revoking the %s token left something alive", kind)
		}
	}
}

// TestConnectionEndsWithMembership removes a member whose connection acts in the workspace.
func TestConnectionEndsWithMembership(t *testing.T) {
	r := newRig(t)
	admin := r.signIn("admin@acme.com")
	c := r.register("Claude", callback)
	who := c.want(200, "GET", "/whoami", "", withToken(admin)...)
	team := regexp.MustCompile(`workspace_id=(ws_\w+)`).FindStringSubmatch(who)[1]
	c.want(201, "POST", "/workspaces/"+team+"/invites", `{"email":"bob@acme.com","role":"member"}`, withToken(admin)...)
	bob := c.approve("bob@acme.com", "write") // the oldest membership is his own workspace; the page lists both
	bobs := c.pair(c.redeem(bob.Get("code")))
	if c.works(bobs.access) != 200 {
		t.Fatal("bob cannot work")
	}
	c.begin()
	c.post("step", "email", "email", "bob@acme.com")
	c.post("step", "code", "code", c.code())
	inTeam := c.pair(c.redeem(c.sentTo(c.post("step", "access", "workspace", team, "scope", "read")).Get("code")))
	members := c.want(200, "GET", "/workspaces/"+team+"/members?email=bob@acme.com", "", withToken(admin)...)
	id := regexp.MustCompile(`member/(u_\w+)`).FindStringSubmatch(members)[1]
	c.want(200, "DELETE", "/workspaces/"+team+"/members/"+id, "", withToken(admin)...)
	if c.works(inTeam.access) != 401 {
		t.Error("the connection outlived the membership")
	}
	wantOAuth(t, "refresh after removal", c.refresh(inTeam.refresh), 400, "invalid_grant")

	c.begin()
	c.post("step", "email", "email", "bob@acme.com")
	c.post("step", "code", "code", c.code())
	if a := c.post("step", "access", "workspace", team, "scope", "full"); a.status != 403 {
		t.Errorf("a workspace that is not his: %d", a.status)
	}
	made := c.pair(c.redeem(c.sentTo(c.post("step", "access", "workspace", "new", "workspace_name", "Fresh", "scope", "full")).Get("code")))
	if who := c.want(200, "GET", "/whoami", "", withToken(made.access)...); !strings.Contains(who, "workspace.name=Fresh") {
		t.Errorf("whoami %s", who)
	}
}
