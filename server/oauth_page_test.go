package server_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/url"
	"strings"
	"sync"
	"testing"

	"crmkit/server"
	"crmkit/store"
	"crmkit/store/account"
)

func TestSignInPageHeaders(t *testing.T) {
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

// TestRefusedChoicesStay checks that a refused form is shown again with its choices, and that it
// grants nothing.
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

// TestStrangersCannotBlockTheSignInPage uses up the codes that pages send to an address, and their
// tries, from another network. The person still signs in, through the API and on a page.
func TestStrangersCannotBlockTheSignInPage(t *testing.T) {
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

// TestServersShowTheCodeOfAPage begins a sign-in at one server and goes on at others, also after all were started
// again. Each shows the code, until it was used or another address is asked for. The database does not
// have it.
func TestServersShowTheCodeOfAPage(t *testing.T) {
	r := setup{"postgres", 3}.newRig(t, store.Options{})
	c := r.register("Claude", callback)
	c.begin()
	c.post("step", "email", "email", "jane@acme.com")
	code := c.code()
	stored := func() string { return strings.Join(r.column("SELECT shown FROM oauth_requests"), "") }
	if sealed := stored(); sealed == "" || strings.Contains(sealed, code) || strings.Contains(sealed, hex.EncodeToString([]byte(code))) {
		t.Errorf("the database has the code %s as %q", code, sealed)
	}
	c.serve(server.Options{})
	for range r.servers {
		if c.show(); c.code() != code {
			t.Errorf("a server shows the code %s of %s", c.code(), code)
		}
	}
	c.post("do", "email")
	if left := stored(); left != "" || strings.Contains(c.html, "<code>") {
		t.Errorf("the code %q is left for another address", left)
	}
	c.post("step", "email", "email", "jane@acme.com")
	c.post("step", "code", "code", c.code())
	if left := stored(); left != "" || workspace.FindString(c.html) == "" {
		t.Errorf("the used code %q is left; the page is %s", left, c.html)
	}
}
