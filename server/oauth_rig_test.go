package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const (
	baseURL  = "http://127.0.0.1:8080"
	callback = "https://claude.ai/api/mcp/auth_callback"
	verifier = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghij"
	formType = "application/x-www-form-urlencoded"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// connector is a client and the browser of a person who signs in through it.
type connector struct {
	*rig
	client string
	cookie string
	page   string // secret of the sign-in
	html   string // the last page
}

// decoded returns a JSON answer as an object.
func decoded(t testing.TB, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return object
}

// register makes a connector.
func (r *rig) register(name string, redirects ...string) *connector {
	r.t.Helper()
	body, _ := json.Marshal(map[string]any{"client_name": name, "redirect_uris": redirects, "token_endpoint_auth_method": "client_secret_post", "application_type": "web"})
	answer := decoded(r.t, r.want(201, "POST", "/register", string(body), "Content-Type", "application/json"))
	if answer["client_secret"] != nil || answer["token_endpoint_auth_method"] != "none" {
		r.t.Errorf("registration answered %v", answer)
	}
	return &connector{rig: r, client: answer["client_id"].(string)}
}

// asking returns the parameters of an authorization request; more replaces some of them, or
// removes one by an empty value.
func (c *connector) asking(more ...string) url.Values {
	values := url.Values{"response_type": {"code"}, "client_id": {c.client}, "redirect_uri": {callback}, "state": {"st&1"}, "scope": {"claudeai"},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"}, "resource": {baseURL + "/mcp"}, "prompt": {"consent"}}
	for i := 0; i+1 < len(more); i += 2 {
		if values.Del(more[i]); more[i+1] != "" {
			values.Set(more[i], more[i+1])
		}
	}
	return values
}

// begin opens the sign-in page.
func (c *connector) begin(more ...string) {
	c.t.Helper()
	a := c.call("GET", "/authorize?"+c.asking(more...).Encode(), "", "Cookie", c.cookie)
	if a.status != 303 {
		c.t.Fatalf("GET /authorize: %d %s", a.status, a.body)
	}
	if set := a.header.Get("Set-Cookie"); set != "" {
		c.cookie, _, _ = strings.Cut(set, ";")
	}
	to, _ := url.Parse(a.header.Get("Location"))
	c.page = to.Query().Get("request")
	c.show()
}

func (c *connector) show() {
	c.t.Helper()
	c.html = c.want(200, "GET", "/authorize?request="+c.page, "", "Cookie", c.cookie)
}

// post sends a form of the page; a redirect to the page is followed.
func (c *connector) post(pairs ...string) answer {
	c.t.Helper()
	values := url.Values{"request": {c.page}, "do": {"next"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	a := c.call("POST", "/authorize", values.Encode(), "Content-Type", formType, "Cookie", c.cookie, "Origin", baseURL)
	if strings.HasPrefix(a.header.Get("Location"), "/authorize?request=") {
		c.show()
	}
	return a
}

var (
	shownCode = regexp.MustCompile(`<code>([0-9a-z]+)</code>`)
	workspace = regexp.MustCompile(`name="workspace" value="(ws_[0-9a-z]+)"`)
)

// code returns the code that the page of a local server shows.
func (c *connector) code() string {
	c.t.Helper()
	found := shownCode.FindStringSubmatch(c.html)
	if found == nil {
		c.t.Fatalf("no code in %s", c.html)
	}
	return found[1]
}

// approve signs in on the page, and returns the parameters of the redirect to the client.
func (c *connector) approve(email, scope string, more ...string) url.Values {
	c.t.Helper()
	c.begin(more...)
	c.post("step", "email", "email", email)
	c.post("step", "code", "code", c.code())
	found := workspace.FindStringSubmatch(c.html)
	if found == nil {
		c.t.Fatalf("no workspace in %s", c.html)
	}
	a := c.post("step", "access", "workspace", found[1], "scope", scope)
	return c.sentTo(a)
}

func (c *connector) sentTo(a answer) url.Values {
	c.t.Helper()
	to, err := url.Parse(a.header.Get("Location"))
	if a.status != 303 || err != nil || to.Scheme == "" {
		c.t.Fatalf("no redirect to the client: %d %s %s", a.status, a.header.Get("Location"), a.body)
	}
	if to.Query().Get("iss") != baseURL || to.Query().Get("state") != "st&1" {
		c.t.Errorf("redirect %s", to)
	}
	return to.Query()
}

// token sends a request to the token endpoint.
func (c *connector) token(pairs ...string) answer {
	c.t.Helper()
	values := url.Values{"client_id": {c.client}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if values.Del(pairs[i]); pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return c.call("POST", "/token", values.Encode(), "Content-Type", formType)
}

func (c *connector) redeem(code string, more ...string) answer {
	c.t.Helper()
	return c.token(append([]string{"grant_type", "authorization_code", "code", code, "code_verifier", verifier, "redirect_uri", callback}, more...)...)
}

func (c *connector) refresh(token string, more ...string) answer {
	c.t.Helper()
	return c.token(append([]string{"grant_type", "refresh_token", "refresh_token", token}, more...)...)
}

// pair is an answer of the token endpoint.
type pair struct{ access, refresh string }

func (c *connector) pair(a answer) pair {
	c.t.Helper()
	if a.status != 200 || a.header.Get("Cache-Control") != "no-store" {
		c.t.Fatalf("token endpoint: %d %s", a.status, a.body)
	}
	got := decoded(c.t, a.body)
	if got["token_type"] != "Bearer" || got["expires_in"] != nil {
		c.t.Errorf("token answer %s", a.body)
	}
	return pair{got["access_token"].(string), got["refresh_token"].(string)}
}

// signedIn goes through the whole sign-in and returns the tokens.
func (c *connector) signedIn(email, scope string) pair {
	c.t.Helper()
	return c.pair(c.redeem(c.approve(email, scope).Get("code")))
}

// works returns the status of a request with a token.
func (c *connector) works(token string) int {
	return c.call("GET", "/whoami", "", "Authorization", "Bearer "+token).status
}

func wantOAuth(t *testing.T, what string, a answer, status int, word string) {
	t.Helper()
	if a.status != status || decoded(t, a.body)["error"] != word {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, word)
	}
}

// withToken returns the header that sends a token.
func withToken(token string) []string { return []string{"Authorization", "Bearer " + token} }
