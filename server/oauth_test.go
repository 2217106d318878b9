package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"crmkit/store/account"
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

// asking returns the parameters of an authorization request.
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

// approve signs in and returns where the browser is sent.
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

// pair is what the token endpoint gave.
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

// signedIn connects from nothing.
func (c *connector) signedIn(email, scope string) pair {
	c.t.Helper()
	return c.pair(c.redeem(c.approve(email, scope).Get("code")))
}

// works reports the status of a call with a token.
func (c *connector) works(token string) int {
	return c.call("GET", "/whoami", "", "Authorization", "Bearer "+token).status
}

func wantOAuth(t *testing.T, what string, a answer, status int, word string) {
	t.Helper()
	if a.status != status || decoded(t, a.body)["error"] != word {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, word)
	}
}

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

func TestMetadata(t *testing.T) {
	r := newRig(t)
	a := r.call("GET", "/.well-known/oauth-authorization-server", "", "Origin", "http://localhost:6274")
	server := decoded(t, a.body)
	for name, want := range map[string]string{"issuer": baseURL, "authorization_endpoint": baseURL + "/authorize", "token_endpoint": baseURL + "/token",
		"registration_endpoint": baseURL + "/register", "revocation_endpoint": baseURL + "/revoke"} {
		if server[name] != want {
			t.Errorf("%s is %v", name, server[name])
		}
	}
	if a.header.Get("Access-Control-Allow-Origin") != "*" || fmt.Sprint(server["code_challenge_methods_supported"]) != "[S256]" ||
		server["authorization_response_iss_parameter_supported"] != true || server["client_id_metadata_document_supported"] != nil {
		t.Errorf("metadata %v %s", a.header, a.body)
	}
	for path, want := range map[string]string{"": "/mcp", "/mcp": "/mcp", "/mcp/tools": "/mcp/tools"} {
		got := decoded(t, r.want(200, "GET", "/.well-known/oauth-protected-resource"+path, ""))
		if got["resource"] != baseURL+want || fmt.Sprint(got["authorization_servers"]) != "["+baseURL+"]" || fmt.Sprint(got["scopes_supported"]) != "[crm]" {
			t.Errorf("protected resource %s: %v", path, got)
		}
	}
	r.want(404, "GET", "/.well-known/openid-configuration", "")
	for _, path := range []string{"/register", "/token", "/revoke", "/oauth/token"} {
		if a := r.call("OPTIONS", path, "", "Origin", "http://localhost:6274", "Access-Control-Request-Method", "POST"); a.status != 204 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("OPTIONS %s: %d %v", path, a.status, a.header)
		}
	}
	if a := r.call("OPTIONS", "/authorize", "", "Origin", "http://localhost:6274"); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the sign-in page has CORS headers")
	}
}

func TestRegistrationRefuses(t *testing.T) {
	r := newRig(t)
	for _, uri := range []string{"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://x", "http://evil.example/cb",
		"https://user@evil.example/", "http://localhost@evil.example/", "http://localhost.evil.example/", "https://a.example/#f", "https://a.example/ b", "/relative", "", "https://", "unknownapp://x", "https://a.example/\\evil",
		"https://a.example:99999/cb", "https://a.example:/cb", "http://127.0.0.1:0/cb", "https://a.example;sandbox/cb", "https://%D1%81laude.ai/cb"} {
		body, _ := json.Marshal(map[string]any{"redirect_uris": []string{callback, uri}})
		wantOAuth(t, uri, r.call("POST", "/register", string(body)), 400, "invalid_redirect_uri")
	}
	for body, word := range map[string]string{`{}`: "invalid_redirect_uri", `{"redirect_uris":"https://a.example"}`: "invalid_redirect_uri", `[]`: "invalid_client_metadata",
		`{"redirect_uris":[` + strings.Repeat(`"https://a.example/",`, 50) + `"https://a.example/"]}`: "invalid_redirect_uri"} {
		wantOAuth(t, body, r.call("POST", "/register", body), 400, word)
	}
	if a := r.call("POST", "/register", `{"redirect_uris":["`+callback+`"],"x":"`+strings.Repeat("x", 1<<20)+`"}`); a.status != 413 {
		t.Errorf("1 MB: %d", a.status)
	}
	for _, set := range [][]string{
		{"cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"},
		{"https://vscode.dev/redirect", "https://insiders.vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"},
		{"http://[::1]:9999/cb", "com.example.app:/cb"},
	} {
		r.register("x", set...)
	}
	for name, want := range map[string]string{"": "mcp", "a\nb\u202ec<b>": "a b c<b>", strings.Repeat("long ", 2000): ""} {
		body, _ := json.Marshal(map[string]any{"client_name": name, "redirect_uris": []string{callback}})
		got := decoded(t, r.want(201, "POST", "/register", string(body)))["client_name"].(string)
		if want != "" && got != want || len([]rune(got)) > 100 {
			t.Errorf("name %q became %q", name[:min(len(name), 20)], got)
		}
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	c := newRig(t).register("Claude", callback, "http://127.0.0.1:1/cb", "http://[::1]/cb")
	for _, near := range []string{callback + "/", strings.ToUpper(callback), callback + "?x=1", "https://claude.ai/other", strings.Replace(callback, "https", "http", 1),
		"https://x@claude.ai/api/mcp/auth_callback", callback + "#f", "https://claude.ai/api/mcp/../mcp/auth_callback", "http://localhost:1/cb", "http://127.0.0.1:1/CB", "http://127.0.0.1.evil.example:1/cb"} {
		a := c.call("GET", "/authorize?"+c.asking("redirect_uri", near).Encode(), "")
		if a.status != 400 || a.header.Get("Location") != "" || !strings.Contains(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("redirect %s: %d %v", near, a.status, a.header)
		}
	}
	for _, pairs := range [][]string{{"client_id", "oc_unknown000"}, {"code_challenge", ""}, {"code_challenge_method", "plain"}, {"code_challenge_method", ""}, {"response_type", "token"},
		{"resource", "https://other.example/mcp"}, {"response_mode", "fragment"}} {
		a := c.call("GET", "/authorize?"+c.asking(pairs...).Encode(), "")
		if a.status != 400 || a.header.Get("Location") != "" {
			t.Errorf("%v: %d %v", pairs, a.status, a.header)
		}
	}
	if a := c.call("GET", "/authorize?"+c.asking().Encode()+"&state=x", ""); a.status != 400 {
		t.Errorf("duplicate parameter: %d", a.status)
	}
	for _, pairs := range [][]string{{"redirect_uri", "http://127.0.0.1:40001/cb"}, {"redirect_uri", "http://[::1]:5/cb"}, {"resource", ""}, {"resource", baseURL + "/"},
		{"resource", "HTTP://127.0.0.1:8080/mcp/"}, {"resource", baseURL + "/mcp/tools"}, {"state", strings.Repeat("s", 8000)}, {"state", ""}} {
		c.begin(pairs...)
	}
	a := c.call("HEAD", "/authorize?"+c.asking().Encode(), "")
	if a.status != 200 || a.header.Get("Set-Cookie") != "" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
}

func TestPageIsFenced(t *testing.T) {
	c := newRig(t).register(`<script>alert("x")</script>`+strings.Repeat("W", 200), callback)
	c.begin()
	a := c.call("GET", "/authorize?request="+c.page, "", "Cookie", c.cookie)
	csp := a.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://claude.ai", "style-src 'sha256-"} {
		if !strings.Contains(csp, part) {
			t.Errorf("CSP %s lacks %s", csp, part)
		}
	}
	if a.header.Get("X-Frame-Options") != "DENY" || a.header.Get("Referrer-Policy") != "same-origin" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
	style := a.body[strings.Index(a.body, "<style>")+7 : strings.Index(a.body, "</style>")]
	sum := sha256.Sum256([]byte(style))
	if !strings.Contains(csp, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Error("the style sheet is not the one the policy lets through")
	}
	if strings.Contains(a.body, "<script") || !strings.Contains(a.body, html.EscapeString("<script>")) || strings.Contains(a.body, " style=") {
		t.Error("the client's name is not escaped, or the page holds scripts or styles of its own")
	}
	for name, header := range map[string][]string{
		"no cookie":      {"Cookie", "x=y"},
		"other browser":  {"Cookie", "crmkit_auth=" + strings.Repeat("0", 32)},
		"foreign site":   {"Cookie", c.cookie, "Sec-Fetch-Site", "cross-site"},
		"no form":        {"Cookie", c.cookie, "Content-Type", "text/plain"},
		"foreign origin": {"Cookie", c.cookie, "Origin", "http://127.0.0.1:9"},
	} {
		a := c.call("POST", "/authorize", url.Values{"request": {c.page}, "step": {"email"}, "do": {"next"}, "email": {"jane@acme.com"}}.Encode(),
			append([]string{"Content-Type", formType}, header...)...)
		if a.status != 400 && a.status != 403 {
			t.Errorf("%s: %d %s", name, a.status, a.header.Get("Location"))
		}
	}
	if a := c.call("GET", "/authorize?request="+c.page, ""); a.status != 400 {
		t.Errorf("the page without its cookie: %d", a.status)
	}
}

// TestRefusedChoicesStay checks that a form that is refused comes back with what
// was chosen, and that nothing is granted that was not.
func TestRefusedChoicesStay(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	c.begin()
	c.post("step", "email", "email", "jane@acme.com")
	c.post("step", "code", "code", c.code())
	first := workspace.FindStringSubmatch(c.html)[1]
	for what, pairs := range map[string][]string{
		"no scope":            {"workspace", first},
		"unknown scope":       {"workspace", first, "scope", "admin"},
		"no workspace":        {"scope", "read"},
		"new without a name":  {"workspace", "new", "scope", "read"},
		"a name for another":  {"workspace", first, "workspace_name", "Fresh", "scope", "read"},
		"a foreign workspace": {"workspace", "ws_0000000000", "scope", "read"},
	} {
		a := c.post(append([]string{"step", "access"}, pairs...)...)
		values := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		if a.status < 400 || !strings.Contains(a.body, `id="problem"`) || a.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", what, a.status, a.header.Get("Location"))
		}
		if values.Get("scope") == "read" && !strings.Contains(a.body, `value="read" checked`) {
			t.Errorf("%s: read is not chosen any more", what)
		}
		if name := values.Get("workspace_name"); name != "" && !strings.Contains(a.body, `value="`+name+`"`) {
			t.Errorf("%s: the name is lost", what)
		}
		if values.Get("workspace") == "new" && !strings.Contains(a.body, `value="new" checked`) {
			t.Errorf("%s: new is not chosen any more", what)
		}
	}
}

func TestCancel(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	c.begin()
	if got := c.sentTo(c.post("step", "email", "do", "cancel")); got.Get("error") != "access_denied" || got.Get("code") != "" {
		t.Errorf("cancel sends %v", got)
	}
	if a := c.call("GET", "/authorize?request="+c.page, "", "Cookie", c.cookie); a.status != 400 {
		t.Errorf("the page after cancel: %d", a.status)
	}
}

func TestCodesBelongToTheirPage(t *testing.T) {
	r := newRig(t)
	c := r.register("Claude", callback)
	other := r.register("Other", callback)
	c.begin()
	other.begin()
	c.post("step", "email", "email", "jane@acme.com")
	other.post("step", "email", "email", "jane@acme.com")
	code := c.code()
	if a := other.post("step", "code", "code", code); a.status != 400 {
		t.Errorf("a code of another sign-in: %d", a.status)
	}
	if a := r.call("POST", "/auth/verify", `{"email":"jane@acme.com","code":"`+code+`"}`); a.status != 401 {
		t.Errorf("a code of the page at /auth/verify: %d %s", a.status, a.body)
	}
	plain := r.json(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)["local_code"].(string)
	if a := c.post("step", "code", "code", plain); a.status != 400 {
		t.Errorf("a code of /auth/request on the page: %d", a.status)
	}
	if a := c.post("step", "access", "workspace", "new", "workspace_name", "x", "scope", "full"); a.header.Get("Location") == "" || strings.Contains(a.header.Get("Location"), "code=") {
		t.Errorf("access before the code: %d %v", a.status, a.header)
	}
	if c.post("step", "code", "code", code[:3]+" "+code[3:]); !strings.Contains(c.html, "Allow access") {
		t.Errorf("the right code did not serve: %s", c.html)
	}
}

func TestGuessesOnThePageAreCounted(t *testing.T) {
	c := newRig(t).register("Claude", callback)
	c.begin()
	c.post("step", "email", "email", "jane@acme.com")
	code := c.code()
	guess := "000000"
	if code == guess {
		guess = "000001"
	}
	var wg sync.WaitGroup
	counts := map[int]int{}
	var mu sync.Mutex
	for range 50 {
		wg.Go(func() {
			a := c.call("POST", "/authorize", url.Values{"request": {c.page}, "step": {"code"}, "do": {"next"}, "code": {guess}}.Encode(), "Content-Type", formType, "Cookie", c.cookie)
			mu.Lock()
			counts[a.status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if counts[400] != account.MaxTries || counts[400]+counts[429] != 50 {
		t.Errorf("50 guesses: %v", counts)
	}
	if a := c.post("step", "code", "code", code); a.status != 429 {
		t.Errorf("the right code after %d wrong ones: %d", account.MaxTries, a.status)
	}
}

// TestStrangerOnPages lets a stranger ask for all the codes of an address that
// pages give, and guess at them. The person still signs in, at the API and on a
// page.
func TestStrangerOnPages(t *testing.T) {
	r := newRig(t)
	stranger, jane := r.register("Stranger", callback), r.register("Claude", callback)
	elsewhere := *r
	elsewhere.addr = "198.51.100.7:1"
	stranger.rig = &elsewhere
	limited := false
	for range 30 {
		stranger.begin()
		if a := stranger.post("step", "email", "email", "jane@acme.com"); a.status == 429 {
			limited = true
			break
		}
		stranger.post("step", "code", "code", "000000")
	}
	if !limited {
		t.Error("the stranger was never told to wait")
	}
	jane.signedIn("jane@acme.com", "read")
	code := r.json(200, "POST", "/auth/request", `{"email":"jane@acme.com"}`)["local_code"].(string)
	r.want(200, "POST", "/auth/verify", `{"email":"jane@acme.com","code":"`+code+`"}`)
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

// TestSparePairsEnd checks that the pairs which parallel refreshes leave behind are
// few, and end as the connection goes on.
func TestSparePairsEnd(t *testing.T) {
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
	c.clock.Advance(2 * time.Second) // sessions are remembered for one
	if c.works(spare.access) != 401 || c.refresh(spare.refresh).status != 400 {
		t.Error("a spare pair outlives thirty later ones")
	}
}

// withToken returns the header that sends a token.
func withToken(token string) []string { return []string{"Authorization", "Bearer " + token} }

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

func TestUnusedClientsGo(t *testing.T) {
	r := newRig(t)
	used, idle := r.register("Used", callback), r.register("Idle", callback)
	p := used.signedIn("jane@acme.com", "full")
	r.clock.Advance(49 * time.Hour)
	r.store.Purge(t.Context())
	p = used.pair(used.refresh(p.refresh))
	if used.works(p.access) != 200 {
		t.Error("a client in use was dropped")
	}
	if a := idle.call("GET", "/authorize?"+idle.asking().Encode(), ""); a.status != 400 || !strings.Contains(a.body, "add it again") {
		t.Errorf("a client nobody used for 49 hours: %d %s", a.status, a.body)
	}
	wantOAuth(t, "token of a dropped client", idle.refresh("ckr_x"), 401, "invalid_client")
}
