package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"crmkit/server"
)

// TestFaultsBeforeRouting checks that errors before any handler have the form of the protocol of
// the path, and that web pages may read them.
func TestFaultsBeforeRouting(t *testing.T) {
	r := newRig(t).serve(server.Options{Rate: 1})
	for _, c := range []struct{ method, path, has string }{
		{"POST", "/token", `"error":"temporarily_unavailable"`}, {"POST", "/mcp", `"jsonrpc":"2.0"`}, {"POST", "/mcp/tools", `"rate_limited: `},
	} {
		var a answer
		for n := 0; n < 9 && a.status != 429; n++ {
			a = r.call(c.method, c.path, ping, "Origin", "http://localhost:6274", "Content-Type", "application/json")
		}
		if a.status != 429 || !strings.Contains(a.body, c.has) || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || a.header.Get("Access-Control-Allow-Origin") == "" || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s %v", c.path, a.status, a.body, a.header)
		}
	}
	calm := newRig(t)
	for path, want := range map[string]string{"/token?x=%zz": `"error":"invalid_request"`, "/mcp?x=%zz": `"jsonrpc":"2.0"`} {
		if a := calm.call("POST", path, ping, "Content-Type", "application/json"); a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := calm.call("PUT", "/mcp", ""); a.status != 405 || a.header.Get("Allow") != "POST, OPTIONS" || !strings.Contains(a.body, "with POST") {
		t.Errorf("PUT /mcp: %d %v %s", a.status, a.header, a.body)
	}
	if a := calm.call("PUT", "/token", ""); a.status != 405 || a.header.Get("Allow") != "POST" || !json.Valid([]byte(a.body)) {
		t.Errorf("PUT /token: %d %v %s", a.status, a.header, a.body)
	}
}

// callOfTool is a message that calls a tool.
func callOfTool(id int, name, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, id, name, arguments)
}

func batchOf(n int, arguments string) string {
	var calls []string
	for id := range n {
		calls = append(calls, callOfTool(id, "request", arguments))
	}
	return "[" + strings.Join(calls, ",") + "]"
}

// TestRevokedInABatch revokes the token in the middle of batches whose calls run
// in parallel: a batch that had a refused call is a 401 as a whole.
func TestRevokedInABatch(t *testing.T) {
	r := newRig(t)
	owner := r.signIn("jane@acme.com")
	for range 20 {
		token := r.signIn("jane@acme.com")
		id := strings.Split(strings.SplitAfter(r.want(200, "GET", "/whoami", "", "Authorization", "Bearer "+token), "token_id=")[1], " ")[0]
		done := make(chan answer)
		go func() {
			done <- r.rpc("/mcp", batchOf(20, `{"method":"POST","path":"/deals","body":{"title":"x"}}`), "Authorization", "Bearer "+token)
		}()
		r.want(200, "DELETE", "/tokens/"+id, "", "Authorization", "Bearer "+owner)
		a := <-done
		if a.status == 200 && (strings.Count(a.body, "# created") != 20 || strings.Contains(a.body, `"isError":true`)) || a.status != 200 && a.status != 401 {
			t.Errorf("%d %.300s", a.status, a.body)
		}
	}
}

func TestScopesThroughTools(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane"}`)
	minted := r.json(201, "POST", "/workspaces/"+workspaceOf(r)+"/tokens", `{"scope":"read"}`)["token"].(string)
	r.header.Set("Authorization", "Bearer "+minted)
	if text, failed := r.tool("/mcp/tools", "read", `{"path":"/contacts"}`); failed || !strings.Contains(text, "# 1 of 1 contact") {
		t.Errorf("read: %s", text)
	}
	for tool, arguments := range map[string]string{"write": `{"method":"POST","path":"/contacts","body":{"name":"x"}}`, "delete": `{"path":"/contacts/` + r.id("contact", 1) + `"}`} {
		if text, failed := r.tool("/mcp/tools", tool, arguments); !failed || !strings.HasPrefix(text, "ERROR scope_required\nHINT  ") {
			t.Errorf("%s: %s", tool, text)
		}
	}
}

// TestLargeAnswersOfTools checks that an answer which is too long for a model has its texts cut,
// and that the results of search and fetch are still JSON.
func TestLargeAnswersOfTools(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for n := range 8 {
		r.want(201, "POST", "/contacts", fmt.Sprintf(`{"name":"Jane %d","notes":%q}`, n, strings.Repeat("söhne ", 10_000)))
	}
	text, _ := r.tool("/mcp/tools", "search", `{"query":"jane"}`)
	if !json.Valid([]byte(text)) || strings.Count(text, `"id":"contact/`) != 8 {
		t.Errorf("search: %.200s", text)
	}
	text, _ = r.tool("/mcp/tools", "fetch", `{"id":"contact/`+r.id("contact", 1)+`"}`)
	if !json.Valid([]byte(text)) || tokensOf(t, text) > 8200 || tokensOf(t, text) < 3500 || !strings.Contains(text, "# cut: texts after ") {
		t.Errorf("fetch: %d bytes, %.200s", len(text), text)
	}
	text, failed := r.tool("/mcp/tools", "read", `{"path":"/contacts?fields=notes&format=json"}`)
	if failed || !json.Valid([]byte(text)) || !strings.Contains(text, `"remarks":["cut: texts after `) || tokensOf(t, text) > 8000 || tokensOf(t, text) < 7000 {
		t.Errorf("read: %d bytes, …%s", len(text), text[len(text)-200:])
	}
	if text, failed := r.tool("/mcp/tools", "read", `{"path":"/contacts?fields=notes&format=json&budget=90000"}`); failed || tokensOf(t, text) < 80_000 {
		t.Errorf("read with a larger budget: %d bytes", len(text))
	}
	for _, id := range []string{"contact/c_1?fields=name", "contacts", "contact/", "contact/../x", "token/tok_0000000000", "nope/c_1"} {
		if text, failed := r.tool("/mcp/tools", "fetch", `{"id":`+string(must(json.Marshal(id)))+`}`); !failed || !strings.HasPrefix(text, "ERROR ") {
			t.Errorf("fetch %s: %s", id, text)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestCallsThatAreCutOff checks that a call whose time is over gets an error that says so.
func TestCallsThatAreCutOff(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(strings.NewReader(callOfTool(1, "request", `{"method":"GET","path":"/contacts"}`)), ends{cancel})
	req := httptest.NewRequestWithContext(ctx, "POST", baseURL+"/mcp", body)
	req.Header = r.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	if w.Code != 503 || !strings.Contains(w.Body.String(), `"id":1`) || !strings.Contains(w.Body.String(), "not_ready") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// ends is the end of a body, after which the time of its request is over.
type ends struct{ cancel func() }

func (e ends) Read([]byte) (int, error) {
	e.cancel()
	return 0, io.EOF
}

// TestToolsTakeKeys checks that a call with a key can be repeated safely.
func TestToolsTakeKeys(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for _, path := range []string{"/mcp", "/mcp/tools"} {
		tool := map[string]string{"/mcp": "request", "/mcp/tools": "write"}[path]
		call := `{"method":"POST","path":"/deals","body":{"title":"12 seats"},"idempotency_key":"k` + tool + `"}`
		first, _ := r.tool(path, tool, call)
		again, failed := r.tool(path, tool, call)
		if failed || again != first+"# replayed\n" {
			t.Errorf("%s: %s", path, again)
		}
	}
}

func TestBaseURLIsCompared(t *testing.T) {
	r := newRig(t).serve(server.Options{BaseURL: "https://CRM.Example.com:443"})
	got := decoded(t, r.want(200, "GET", "/.well-known/oauth-protected-resource/mcp", ""))
	if got["resource"] != "https://crm.example.com/mcp" {
		t.Errorf("resource %v", got["resource"])
	}
	for _, value := range []string{"https://crm.example.com/mcp", "HTTPS://CRM.EXAMPLE.COM:443/mcp/"} {
		a := r.call("POST", "/token", "grant_type=x&resource="+value, "Content-Type", formType)
		wantOAuth(t, value, a, 400, "unsupported_grant_type")
	}
	for _, value := range []string{"https://crm.example.com.evil.example/mcp", "https://x@crm.example.com/mcp", "https://crm.example.com/mcp?x=1", "https://crm.example.com:8443/mcp", "//crm.example.com/mcp"} {
		a := r.call("POST", "/token", "grant_type=x&resource="+value, "Content-Type", formType)
		wantOAuth(t, value, a, 400, "invalid_target")
	}
}

// FuzzMessages sends any bodies to the connector: the answer is JSON or empty, and never an
// error of the server.
func FuzzMessages(f *testing.F) {
	for _, seed := range []string{ping, "[" + ping + "]", "[ " + ping + " , " + ping + " ]", "[1", "[}]", "[\n]", fmt.Sprintf(initialize, "2025-11-25"), modern("tools/list", ""), callOfTool(1, "request", `{"method":"GET","path":"/whoami"}`),
		`{"jsonrpc":"2.0","id":"\ud800","method":"ping"}`, `{"jsonrpc":"2.0","\u006dethod":"ping","id":1}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"ſ":1,"name":"request"}}`} {
		f.Add(seed, "")
		f.Add(seed, "2025-06-18")
		f.Add(seed, "2026-07-28")
	}
	r := newRig(f).as("jane@acme.com")
	f.Fuzz(func(t *testing.T, body, version string) {
		header := []string{"Content-Type", "application/json"}
		if version != "" && !strings.ContainsFunc(version, func(r rune) bool { return r < ' ' || r > '~' }) {
			header = append(header, "MCP-Protocol-Version", version)
		}
		within := *r
		within.t = t
		a := within.call("POST", "/mcp", body, header...)
		if a.status >= 500 || a.body != "" && !json.Valid([]byte(a.body)) {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
