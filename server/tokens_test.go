package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// chain is a connection with full access, a token that it made, and one that this
// made in turn.
type chain struct {
	*connector
	held  pair
	id    string // of the connection's token
	made  [2]string
	madeN [2]string // their ids
}

func newChain(t *testing.T) *chain {
	t.Helper()
	c := &chain{connector: newRig(t).register("Claude", callback)}
	c.held = c.signedIn("jane@acme.com", "full")
	who := c.send(c.held.access, "GET", "/whoami", "")
	c.id = who.text("token_id")
	by := c.held.access
	for i := range c.made {
		a := c.send(by, "POST", "/workspaces/"+who.text("workspace_id")+"/tokens", `{"token_name":"script"}`)
		c.made[i], c.madeN[i] = a.text("token"), a.text("token_id")
		by = c.made[i]
	}
	return c
}

// TestTokensOfAConnectionEndWithIt ends a connection in every way. The tokens that it created,
// directly and through another, end with it.
func TestTokensOfAConnectionEndWithIt(t *testing.T) {
	for name, end := range map[string]func(c *chain){
		"revoked by its user": func(c *chain) {
			c.want(200, "DELETE", "/tokens/"+c.id, "", "Authorization", "Bearer "+c.signIn("jane@acme.com"))
		},
		"revoked by itself": func(c *chain) { c.want(200, "DELETE", "/tokens/"+c.id, "", "Authorization", "Bearer "+c.held.access) },
		"disconnected": func(c *chain) {
			c.want(200, "POST", "/revoke", url.Values{"token": {c.held.refresh}, "client_id": {c.client}}.Encode(), "Content-Type", formType)
		},
		"stolen": func(c *chain) {
			c.refresh(c.held.refresh)
			c.clock.Advance(3 * time.Minute)
			if a := c.refresh(c.held.refresh); a.status != 400 {
				c.t.Errorf("a late refresh: %d %s", a.status, a.body)
			}
		},
		"expired": func(c *chain) {
			for range 4 { // the created tokens are used all the time
				c.clock.Advance(store.IdleLimit - time.Minute)
				c.works(c.made[0])
				c.works(c.made[1])
				c.store.FlushLastUsed(c.t.Context())
			}
			c.store.Purge(c.t.Context())
			c.clock.Advance(2 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t)
			if c.works(c.made[0]) != 200 || c.works(c.made[1]) != 200 {
				t.Fatal("a token that was just made does not work")
			}
			end(c)
			if c.works(c.held.access) != 401 || c.works(c.made[0]) != 401 || c.works(c.made[1]) != 401 {
				t.Errorf("after the end: %d %d %d", c.works(c.held.access), c.works(c.made[0]), c.works(c.made[1]))
			}
			log := c.want(200, "GET", "/audit?action=token.revoke", "", "Authorization", "Bearer "+c.signIn("jane@acme.com"))
			if name != "expired" && (!strings.Contains(log, c.id) || !strings.Contains(log, c.madeN[0]) || !strings.Contains(log, c.madeN[1])) {
				t.Errorf("the log does not say so: %s", log)
			}
		})
	}
}

// TestCreatedTokensOutliveASignIn checks that tokens which a signed-in user created live on when the
// user's token is revoked, and that a created token ends no other.
func TestCreatedTokensOutliveASignIn(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	who := r.json(200, "GET", "/whoami", "")
	made := r.json(201, "POST", "/workspaces/"+who["workspace_id"].(string)+"/tokens", "{}")["token"].(string)
	r.want(200, "DELETE", "/tokens/"+who["token_id"].(string), "")
	r.want(200, "GET", "/whoami", "", "Authorization", "Bearer "+made)

	c := newChain(t)
	c.want(200, "DELETE", "/tokens/"+c.madeN[1], "", "Authorization", "Bearer "+c.made[1])
	if c.works(c.held.access) != 200 || c.works(c.made[0]) != 200 {
		t.Error("a token took with it the one that made it")
	}
}

// TestRevokingNamesCreatedTokens checks that the answer to a revocation names the valid tokens that
// the token created, directly or through others: a thief may have created them.
func TestRevokingNamesCreatedTokens(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	home := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	other := r.json(201, "POST", "/workspaces", `{"name":"Partners"}`)["id"].(string)
	mint := func(by, workspace, name string) (token, id string) {
		t.Helper()
		made := r.jsonAs(by, 201, "POST", "/workspaces/"+workspace+"/tokens", `{"token_name":"`+name+`"}`)
		return made["token"].(string), made["token_id"].(string)
	}
	thief := r.signIn("jane@acme.com")
	stolen := r.jsonAs(thief, 200, "GET", "/whoami", "")["token_id"].(string)
	_, kept := mint(strings.TrimPrefix(r.header.Get("Authorization"), "Bearer "), home, "mine")
	first, firstID := mint(thief, other, "first one")
	_, second := mint(first, other, "second")
	_, ended := mint(thief, home, "ended")
	r.want(200, "DELETE", "/tokens/"+ended, "")

	got := r.want(200, "DELETE", "/tokens/"+stolen, "")
	if want := "deleted token/" + stolen + "\n# 2 tokens that it created still work: token/" + firstID + ` name="first one" workspace_id=` + other + ", token/" + second + " name=second workspace_id=" + other + "; to end one: DELETE /tokens/{id}\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := r.json(200, "DELETE", "/tokens/"+firstID, "")["remarks"]; fmt.Sprint(got) != "[1 token that it created still works: token/"+second+" name=second workspace_id="+other+"; to end one: DELETE /tokens/{id}]" {
		t.Errorf("remarks: %v", got)
	}
	if got := r.want(200, "DELETE", "/tokens/"+second, ""); strings.Contains(got, "#") {
		t.Errorf("what made nothing: %s", got)
	}
	r.want(200, "DELETE", "/tokens/"+kept, "")

}

// A token that is older than the log may have been created by any token.
func TestRevokingNamesTokensOlderThanTheLog(t *testing.T) {
	r := newRigWith(t, store.Options{LogDays: 30}).as("jane@acme.com")
	home := r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
	late := r.signIn("jane@acme.com")
	lateID := r.jsonAs(late, 200, "GET", "/whoami", "")["token_id"].(string)
	made := r.jsonAs(late, 201, "POST", "/workspaces/"+home+"/tokens", `{"token_name":"lost"}`)
	lost, lostID := made["token"].(string), made["token_id"].(string)
	r.clock.Advance(20 * 24 * time.Hour)
	for _, token := range []string{late, lost} {
		r.jsonAs(token, 200, "GET", "/whoami", "")
	}
	for _, st := range r.stores {
		st.FlushLastUsed(t.Context())
	}
	r.clock.Advance(20 * 24 * time.Hour)
	r.as("jane@acme.com").store.Purge(t.Context())
	got := r.want(200, "DELETE", "/tokens/"+lateID, "")
	if !strings.Contains(got, "# 1 token is older than the log, so the revoked token may have created it: token/"+lostID+" name=lost") {
		t.Error(got)
	}
}

// jsonAs is json with another token.
func (r *rig) jsonAs(token string, status int, method, path, body string) map[string]any {
	r.t.Helper()
	other := *r
	other.header = http.Header{"Authorization": {"Bearer " + token}}
	return other.json(status, method, path, body)
}

// TestTwoCredentials checks that every kind of route refuses a request with two Authorization
// headers, whatever tokens they have.
func TestTwoCredentials(t *testing.T) {
	r := newRig(t)
	token := r.signIn("jane@acme.com")
	for _, path := range []string{"/whoami", "/help", "/mcp", "/token", "/metrics"} {
		req, err := http.NewRequest(map[bool]string{true: "POST", false: "GET"}[path == "/mcp" || path == "/token"], baseURL+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.RemoteAddr = "127.0.0.1:40000"
		req.Header = http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "2 Authorization headers") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestTokenLimitOfAUser checks the error for one token too many, and that signing in still works.
func TestTokenLimitOfAUser(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	mint := "/workspaces/" + r.json(200, "GET", "/whoami", "")["workspace_id"].(string) + "/tokens"
	first := ""
	for range account.MaxTokens - 1 {
		r.clock.Advance(time.Second)
		if id := r.json(201, "POST", mint, "{}")["token_id"].(string); first == "" {
			first = id
		}
	}
	hint := r.want(403, "POST", mint, "{}")
	for _, part := range []string{"ERROR plan_limit_reached", "100 tokens", "GET /tokens?sort=last_used_at", "DELETE /tokens/{id}"} {
		if !strings.Contains(hint, part) {
			t.Errorf("the hint lacks %s: %s", part, hint)
		}
	}
	r.clock.Advance(time.Minute)
	r.want(200, "GET", "/whoami", "")
	if list := r.want(200, "GET", "/tokens?sort=last_used_at&limit=1", ""); !strings.Contains(list, first) || !strings.Contains(list, "100") {
		t.Errorf("the least used is %s", list)
	}
	r.want(200, "DELETE", "/tokens/"+first, "")
	r.want(201, "POST", mint, "{}")
	r.as("jane@acme.com") // replaces the token of that name
	if list := r.want(200, "GET", "/tokens?limit=1", ""); !strings.Contains(list, "100") {
		t.Errorf("after a sign-in: %s", list)
	}
}

// TestTokensAreListedDuringAWrite checks that GET /tokens writes nothing: it answers while another
// write occupies the writer, and shows its own use of the token.
func TestTokensAreListedDuringAWrite(t *testing.T) {
	r := onFile(t).as("jane@acme.com")
	r.clock.Advance(5 * 24 * time.Hour)
	entered, leave, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	enter := sync.OnceFunc(func() { close(entered) })
	go func() {
		ended <- r.store.Write(context.Background(), crm.Actor{}, func(*store.Tx) error {
			enter()
			<-leave
			return nil
		})
	}()
	<-entered
	list := r.want(200, "GET", "/tokens?last_used_at=gt:-1d&sort=-last_used_at", "")
	close(leave)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if today := r.clock.Now().Format(time.DateOnly); !strings.Contains(list, "last_used_at="+today) {
		t.Errorf("the token that lists is not among those used today, %s:\n%s", today, list)
	}
}
