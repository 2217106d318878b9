package server_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

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

func TestUnusedClientsAreDeleted(t *testing.T) {
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
