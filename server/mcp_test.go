package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"crmkit/server"
)

// rpc sends a body to the connector.
func (r *rig) rpc(path, body string, header ...string) answer {
	r.t.Helper()
	return r.call("POST", path, body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// tool calls a tool and returns its text.
func (r *rig) tool(path, name string, args any) (text string, failed bool) {
	r.t.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		r.t.Fatal(err)
	}
	if s, ok := args.(string); ok {
		raw = []byte(s)
	}
	a := r.rpc(path, fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, raw))
	var got struct {
		ID     int
		Result *struct {
			Content []struct{ Type, Text string }
			IsError bool
		}
		Error *struct{ Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 || got.ID != 7 || got.Result == nil || len(got.Result.Content) != 1 {
		r.t.Fatalf("tools/call %s %s: %d %s", name, raw, a.status, a.body)
	}
	return got.Result.Content[0].Text, got.Result.IsError
}

func (r *rig) request(method, path string, more ...string) (string, bool) {
	r.t.Helper()
	args := map[string]any{"method": method, "path": path}
	if len(more) > 0 {
		args["body"] = more[0]
	}
	return r.tool("/mcp", "request", args)
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"%s","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// modern returns a request of protocol version 2026-07-28.
func modern(method, params string) string {
	if params != "" {
		params += ","
	}
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}}`
}

func modernHeader(method string) []string {
	return []string{"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method}
}

const ping = `{"jsonrpc":"2.0","id":"p","method":"ping"}`

// pings returns a batch of n pings.
func pings(n int) string {
	var list []string
	for id := range n {
		list = append(list, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, id))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// listTools is the request that lists the tools.
const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

var transportTests = map[string]struct {
	body   string
	header []string
	status int
	has    string
}{
	"ping":                   {ping, nil, 200, `"id":"p"`},
	"accept anything":        {ping, []string{"Accept", "*/*"}, 200, `"result"`},
	"accept JSON":            {ping, []string{"Accept", "application/json"}, 200, `"result"`},
	"with charset":           {ping, []string{"Content-Type", "application/json; charset=utf-8"}, 200, `"result"`},
	"session header ignored": {ping, []string{"Mcp-Session-Id", "x", "Last-Event-ID", "y"}, 200, `"result"`},
	"legacy with Mcp-Method": {listTools, []string{"MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/list"}, 200, `"request"`},
	"text/plain":             {ping, []string{"Content-Type", "text/plain"}, 415, "unsupported_media"},
	"form":                   {ping, []string{"Content-Type", formType}, 415, "unsupported_media"},
	"notification":           {`{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil, 202, ""},
	"response":               {`{"jsonrpc":"2.0","id":1,"result":{}}`, nil, 202, ""},
	"unknown method":         {`{"jsonrpc":"2.0","id":1,"method":"nope"}`, nil, 200, "-32601"},
	"unknown notification":   {`{"jsonrpc":"2.0","method":"notifications/nope"}`, nil, 202, ""},
	"NUL":                    {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"path":"/\u0000"}}}`, nil, 400, "-32700"},
	"unknown tool":           {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nope"}}`, nil, 200, "-32602"},
	"not JSON":               {`{"jsonrpc":`, nil, 400, "-32700"},
	"trailing data":          {ping + ping, nil, 400, "-32700"},
	"scalar":                 {`7`, nil, 400, "-32700"},
	"empty":                  {``, nil, 400, "-32700"},
	"id null":                {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil, 400, `"id":null`},
	"id float":               {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, nil, 400, "-32600"},
	"id object":              {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, nil, 400, "-32600"},
	"case variant":           {`{"jsonrpc":"2.0","id":3,"METHOD":"ping"}`, nil, 400, `"id":3`},
	"case in params":         {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"request","name":"nope"}}`, nil, 400, "-32600"},
	"duplicate":              {`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`, nil, 400, "-32700"},
	"duplicate argument":     {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"path":"/","path":"/help"}}}`, nil, 400, "-32700"},
	"version 1":              {`{"id":1,"method":"ping"}`, nil, 400, "-32600"},
	"deep":                   {`{"jsonrpc":"2.0","id":1,"method":"ping","params":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, nil, 400, "error"},
	"large":                  {`{"jsonrpc":"2.0","id":1,"method":"ping","x":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, "body_too_large"},
	"unknown version":        {ping, []string{"MCP-Protocol-Version", "2020-01-01"}, 400, "ersion"},
	"batch":                  {pings(20), nil, 200, `"result"`},
	"batch with blanks":      {"[\n" + ping + ", " + strings.Replace(ping, `"p"`, `"q"`, 1) + " ]\n", nil, 200, `"result"`},
	"batch not closed":       {"[" + ping, nil, 400, "-32700"},
	"batch of nothing":       {"[}]", nil, 400, "-32700"},
	"batch of a number":      {"[1]", nil, 400, "-32700"},
	"batch cut":              {"[1", nil, 400, "-32700"},
	"same id twice":          {"[" + ping + "," + ping + "]", nil, 400, "-32600"},
	"huge id":                {`{"jsonrpc":"2.0","id":999999999999999999,"method":"ping"}`, nil, 400, "-32600"},
	"batch of 21":            {pings(21), nil, 400, "-32600"},
	"empty batch":            {`[]`, nil, 400, "-32600"},
	"batch in 2025-06-18":    {pings(2), []string{"MCP-Protocol-Version", "2025-06-18"}, 400, "-32600"},
	"batch in 2025-03-26":    {pings(2), []string{"MCP-Protocol-Version", "2025-03-26"}, 200, `"result"`},
	"discover":               {modern("server/discover", ""), modernHeader("server/discover"), 200, `"ttlMs"`},
	"modern tools":           {modern("tools/list", ""), modernHeader("tools/list"), 200, `"cacheScope":"private"`},
	"modern call": {modern("tools/call", `"name":"request","arguments":{"method":"GET","path":"/healthz"}`),
		append(modernHeader("tools/call"), "Mcp-Name", "request"), 200, `"resultType":"complete"`},
	"modern unknown method":   {modern("nope", ""), modernHeader("nope"), 404, "-32601"},
	"modern ping is gone":     {modern("ping", ""), modernHeader("ping"), 404, "-32601"},
	"modern header mismatch":  {modern("tools/list", ""), modernHeader("tools/call"), 400, "-32020"},
	"modern version mismatch": {modern("tools/list", ""), []string{"MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/list"}, 400, "-320"},
	"modern unsupported":      {strings.Replace(modern("tools/list", ""), "2026-07-28", "2030-01-01", 1), []string{"MCP-Protocol-Version", "2030-01-01", "Mcp-Method", "tools/list"}, 400, "-32022"},
	"modern without meta":     {listTools, modernHeader("tools/list"), 400, "-32602"},
}

// TestTransport sends messages that the transport accepts and ones that it refuses.
func TestTransport(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for name, c := range transportTests {
		t.Run(name, func(t *testing.T) {
			a := r.rpc("/mcp", c.body, c.header...)
			if a.status != c.status || !strings.Contains(a.body, c.has) {
				t.Errorf("%d %.400s, want %d with %s", a.status, a.body, c.status, c.has)
			}
			if a.header.Get("Mcp-Session-Id") != "" || a.status != 202 && !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || a.status == 202 && a.body != "" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}

// TestVersionNegotiation checks the protocol version in the answer to each requested version.
func TestVersionNegotiation(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	for asked, want := range map[string]string{"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", "2025-11-25": "2025-11-25", "1999-01-01": "2025-11-25", "2026-07-28": "2025-11-25"} {
		a := r.rpc("/mcp", fmt.Sprintf(initialize, asked))
		if !strings.Contains(a.body, `"protocolVersion":"`+want+`"`) || !strings.Contains(a.body, "You act for jane@acme.com in workspace/ws_") || strings.Contains(a.body, "listChanged") {
			t.Errorf("initialize %s: %d %s", asked, a.status, a.body)
		}
	}
}

func TestTransportGuards(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/mcp", "/mcp/", "/mcp/tools"} {
		for _, method := range []string{"GET", "DELETE", "POST"} {
			a := r.call(method, path, ping, "Content-Type", "application/json")
			want := `Bearer resource_metadata="` + baseURL + "/.well-known/oauth-protected-resource" + strings.TrimSuffix(path, "/") + `", scope="crm"`
			if a.status != 401 || a.header.Get("WWW-Authenticate") != want || !json.Valid([]byte(a.body)) {
				t.Errorf("%s %s without a token: %d %s %s", method, path, a.status, a.header.Get("WWW-Authenticate"), a.body)
			}
		}
	}
	bad := r.rpc("/mcp", ping, "Authorization", "Bearer "+unknownToken)
	if challenge := bad.header.Get("WWW-Authenticate"); bad.status != 401 || !strings.HasPrefix(challenge, `Bearer error="invalid_token", error_description="`) {
		t.Errorf("unknown token: %d %s", bad.status, challenge)
	}
	r.as("jane@acme.com")
	for _, method := range []string{"GET", "DELETE", "HEAD"} {
		if a := r.call(method, "/mcp", ""); a.status != 405 || a.header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: %d %v", method, a.status, a.header)
		}
	}
	for from, want := range map[string]int{"https://evil.example": 403, "null": 403, "http://localhost:6274": 200} {
		a := r.rpc("/mcp", ping, "Origin", from)
		if a.status != want || want == 200 && (a.header.Get("Access-Control-Allow-Origin") != from || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate")) {
			t.Errorf("origin %s: %d %v", from, a.status, a.header)
		}
	}
	a := r.call("OPTIONS", "/mcp", "", "Origin", "http://localhost:6274", "Access-Control-Request-Method", "POST", "Authorization", "")
	if a.status != 204 || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Mcp-Method") {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
}

func TestRequestTool(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.id("contact", 1)
	made, failed := r.request("POST", "/contacts", `{"name":"Jane\nERROR forged","email":"jane@acme.com","stage":"lead"}`)
	if failed || !strings.Contains(made, "# created") || strings.Count(made, "\n") != 2 {
		t.Errorf("create: %v %s", failed, made)
	}
	text, _ := r.request("GET", "/contacts/"+id)
	if text != r.want(200, "GET", "/contacts/"+id, "") {
		t.Errorf("the tool and the route differ: %s", text)
	}
	if text, failed := r.tool("/mcp", "request", `{"method":"PATCH","path":"/contacts/`+id+`","body":{"stage":"customer"}}`); failed || !strings.Contains(text, "stage lead -> customer") {
		t.Errorf("patch: %s", text)
	}
	stranger := &rig{t: t, store: r.store, handler: r.handler, clock: r.clock, logs: r.logs, header: http.Header{}}
	stranger.as("mallory@evil.example")
	if text, failed := stranger.request("GET", "/contacts/"+id); !failed || !strings.Contains(text, "not_found") {
		t.Errorf("another tenant's record: %s", text)
	}
	ask, _ := r.request("DELETE", "/contacts/"+id)
	if !strings.Contains(ask, "confirmation_required") {
		t.Errorf("delete: %s", ask)
	}
	wrong, failed := r.request("DELETE", "/workspaces/"+workspaceOf(r)+"?code=000000")
	if !failed || !strings.Contains(wrong, "invalid_code") {
		t.Errorf("a wrong step-up code is an error of the tool: %s", wrong)
	}
}

// TestRequestToolPaths checks which paths and methods the tool accepts.
func TestRequestToolPaths(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	id := r.id("contact", 1)
	r.request("POST", "/contacts", `{"name":"Jane","email":"jane@acme.com"}`)
	for _, path := range []string{"//evil.example/contacts", "http://evil.example/contacts", "evil.example/contacts", "../contacts", "metrics", "mcp", "?stage=lead", "", "/../contacts", "/contacts/..", "/%2e%2e/contacts", `/contacts\x`, "/contacts\r\nX: y",
		"/mcp", "/mcp/tools", "/authorize", "/token", "/register", "/revoke", "/oauth/token", "/.well-known/oauth-authorization-server", "/auth/request", "/metrics", "/contacts/", "/MCP", "/contacts//x"} {
		if text, failed := r.request("GET", path); !failed || !strings.HasPrefix(text, "ERROR ") || !strings.Contains(text, "\nHINT ") {
			t.Errorf("path %q: %v %s", path, failed, text)
		}
	}
	for _, path := range []string{"contacts/" + id, "contact/" + id, "/contact/" + id} {
		if got, _ := r.request("GET", path); got != r.want(200, "GET", "/contacts/"+id, "") {
			t.Errorf("path %q: %s", path, got)
		}
	}
	for _, method := range []string{"OPTIONS", "HEAD", "CONNECT", "GET /x"} {
		if text, failed := r.request(method, "/contacts"); !failed || !strings.Contains(text, "method is GET, POST, PUT, PATCH, DELETE") {
			t.Errorf("method %s: %s", method, text)
		}
	}
}

// TestRequestToolArguments checks the errors for wrong arguments, and that a query needs no escapes.
func TestRequestToolArguments(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.request("POST", "/contacts", `{"name":"Jane\nERROR forged","email":"jane@acme.com"}`)
	for args, want := range map[string]string{
		`{"method":"POST","path":"/contacts","body":["x"]}`: "the body must be a JSON object", `{"method":"POST","path":"/contacts","body":7}`: "body is a JSON object",
		`{"method":"POST","path":"/contacts","body":"x"}`: "the body must be a JSON object", `{"method":"GET"}`: "path is required", `{"method":"GET","path":7}`: "path is a string",
		`{"method":"GET","path":"/help","headers":{}}`: "no field headers", `{}`: "method is required",
	} {
		if text, failed := r.tool("/mcp", "request", args); !failed || !strings.Contains(text, want) {
			t.Errorf("arguments %s: %s", args, text)
		}
	}
	for query, want := range map[string]string{"search=Jane ERROR": "# 1 of 1 contact", "search=#1": "# 0 contacts", "search=100%": "ERROR invalid_filter", "search=a;b": "ERROR invalid_filter", "search=Jañe": "# 1 of 1 contact"} {
		if text, _ := r.request("GET", "/contacts?"+query); !strings.Contains(text, want) {
			t.Errorf("query %s: %s", query, text)
		}
	}
}

// workspaceOf returns the id of the workspace in which the rig acts.
func workspaceOf(r *rig) string {
	return r.json(200, "GET", "/whoami", "")["workspace_id"].(string)
}

func TestToolset(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	r.want(201, "POST", "/contacts", `{"name":"Jane Doe","email":"jane@acme.com"}`)
	r.want(201, "POST", "/companies", `{"name":"Acme & Söhne","domain":"acme.com"}`)
	var listed struct{ Result struct{ Tools []listedTool } }
	limits := promisedTokens(t)
	for path, want := range map[string][]string{"/mcp": {"request"}, "/mcp/tools": {"delete", "fetch", "read", "search", "write"}} {
		a := r.rpc(path, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
		if err := json.Unmarshal([]byte(a.body), &listed); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range listed.Result.Tools {
			names = append(names, tool.Name)
			for _, hint := range []string{"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} {
				if _, set := tool.Annotations[hint]; !set {
					t.Errorf("%s %s lacks %s: %v", path, tool.Name, hint, tool.Annotations)
				}
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s has %v", path, names)
		}
		// A token of text like this has about 3.5 bytes.
		if tokens := len(a.body) * 2 / 7; path == "/mcp" && tokens > 850 || tokens > limits[1] {
			t.Errorf("%s costs %d tokens", path, tokens)
		}
		if path == "/mcp" && len(listed.Result.Tools[0].Description)*2/7 > limits[0] {
			t.Errorf("the brief has %d bytes", len(listed.Result.Tools[0].Description))
		}
	}
	for _, c := range []struct{ tool, args, want string }{
		{"read", `{"path":"/contacts"}`, "# 1 of 1 contact"}, {"write", `{"method":"POST","path":"/deals","body":{"title":"12 seats"}}`, "# created"},
		{"write", `{"method":"DELETE","path":"/deals"}`, "method_not_allowed"}, {"delete", `{"path":"/contacts/` + r.id("contact", 1) + `"}`, "confirmation_required"},
		{"search", `{"query":"acme"}`, `{"results":[{"id":"company/` + r.id("company", 1) + `","title":"Acme & Söhne","url":"` + baseURL + `/company/` + r.id("company", 1) + `"},{"id":"contact/`},
		{"search", `{"query":"söhne"}`, `"title":"Acme & Söhne"`}, {"fetch", `{"id":"contact/` + r.id("contact", 1) + `"}`, `"text":"contact/`},
		{"write", `{"method":"DELETE","path":"/contacts/c_1"}`, "The tool delete does that"}, {"write", `{"method":"get","path":"/contacts"}`, "The tool read does that"},
		{"read", `{"path":"/contacts","limit":5}`, "into path, like /contacts?limit=20."}, {"write", `{"method":"POST","path":"/contacts","name":"x"}`, "the fields of a record into body"},
		{"fetch", `{"id":"jane@acme.com"}`, "search finds it"},
		{"fetch", `{"id":"` + r.id("contact", 1) + `"}`, `"id":"contact/` + r.id("contact", 1) + `"`}, {"fetch", `{"id":" /contacts/` + r.id("contact", 1) + `"}`, `"text":"contact/`},
		{"fetch", `{"id":"` + baseURL + `/contact/` + r.id("contact", 1) + `"}`, `"text":"contact/`}, {"fetch", `{"id":"company/` + r.id("contact", 1) + `"}`, "not_found"}, {"fetch", `{"id":"contact/c_zzzz"}`, "not_found"}, {"fetch", `{"id":"contacts"}`, "ERROR"},
	} {
		if text, _ := r.tool("/mcp/tools", c.tool, c.args); !strings.Contains(text, c.want) {
			t.Errorf("%s %s: %s", c.tool, c.args, text)
		}
	}
}

// TestManualOfToolsHasNoSignIn checks that the manual lacks the section on signing in where the
// reader's client has sent a token, and that the rest is the same.
func TestManualOfToolsHasNoSignIn(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	public := r.want(200, "GET", "/help", "")
	head, rest, _ := strings.Cut(public, "SIGN IN\n1.")
	_, tail, found := strings.Cut(rest, "\n\n")
	want := strings.Replace(head+tail, " Header of every request: Authorization: Bearer <token> (none yet: see SIGN IN).", "", 1)
	if !found || len(want) == len(head+tail) {
		t.Fatalf("GET /help has no section SIGN IN:\n%s", public)
	}
	if text, _ := r.request("GET", "/help"); text != want {
		t.Errorf("GET /help by a tool:\n%s", text)
	}
	if text, _ := r.tool("/mcp/tools", "read", `{"path":"/help"}`); text != want {
		t.Errorf("GET /help by the tool read:\n%s", text)
	}
	var resource struct {
		Result struct{ Contents []struct{ Text string } }
	}
	a := r.rpc("/mcp", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"crmkit://help"}}`)
	if err := json.Unmarshal([]byte(a.body), &resource); err != nil || len(resource.Result.Contents) != 1 || resource.Result.Contents[0].Text != want {
		t.Errorf("the resource: %v %s", err, a.body)
	}
}

func TestManualIsAResource(t *testing.T) {
	r := newRig(t).as("jane@acme.com")
	if a := r.rpc("/mcp", `{"jsonrpc":"2.0","id":1,"method":"resources/list"}`); !strings.Contains(a.body, `"crmkit://help"`) || !strings.Contains(a.body, `"crmkit://help/query"`) {
		t.Errorf("resources: %s", a.body)
	}
	if a := r.rpc("/mcp", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"crmkit://help"}}`); !strings.Contains(a.body, "crmkit manual.") || strings.Contains(a.body, "@BASE@") {
		t.Errorf("the manual: %.300s", a.body)
	}
}

// bearer adds a token to every request.
type bearer struct{ token string }

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return http.DefaultTransport.RoundTrip(req)
}

func TestGoSDKClient(t *testing.T) {
	r := newRig(t)
	token := r.signIn("jane@acme.com")
	srv := httptest.NewServer(r.handler)
	defer srv.Close()
	for _, path := range []string{"/mcp", "/mcp/tools"} {
		client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
		session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: srv.URL + path, HTTPClient: &http.Client{Transport: bearer{token}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		name, args := "request", map[string]any{"method": "GET", "path": "/whoami"}
		if path != "/mcp" {
			name, args = "read", map[string]any{"path": "/whoami"}
		}
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
		if err != nil || result.IsError || !strings.Contains(result.Content[0].(*mcp.TextContent).Text, "email=jane@acme.com") {
			t.Errorf("%s: %v %v", path, result, err)
		}
		if _, err := session.ListResources(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRevokedMidSession calls a tool from many goroutines while the token is revoked: every
// answer is a success or HTTP 401, and after the revocation there is no success.
func TestRevokedMidSession(t *testing.T) {
	r := newRig(t)
	owner := r.signIn("jane@acme.com")
	token := r.signIn("jane@acme.com")
	var revoked atomic.Bool
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 8 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil && n < 500; n++ {
				after := revoked.Load()
				a := r.rpc("/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"request","arguments":{"method":"POST","path":"/deals","body":{"title":"x"}}}}`, "Authorization", "Bearer "+token)
				if a.status != 401 && (a.status != 200 || after || strings.Contains(a.body, "invalid_token")) {
					t.Errorf("status %d after=%v %s", a.status, after, a.body)
				}
				if a.status == 401 {
					return
				}
			}
		})
	}
	list := r.want(200, "GET", "/tokens", "", "Authorization", "Bearer "+owner)
	for _, line := range strings.Split(list, "\n") {
		if id, _, _ := strings.Cut(line, " "); strings.HasPrefix(id, "token/") && !strings.Contains(line, "current=yes") {
			r.want(200, "DELETE", "/"+id, "", "Authorization", "Bearer "+owner)
		}
	}
	revoked.Store(true)
	wg.Wait()
	cancel()
}

func TestBatchIsCounted(t *testing.T) {
	batch := pings(20)
	limited := newRig(t).serve(server.Options{Rate: 50})
	limited.as("jane@acme.com")
	got429 := false
	for range 30 {
		if a := limited.rpc("/mcp", batch); a.status == 429 {
			got429 = true
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	}
	if !got429 {
		t.Error("600 messages in 30 batches passed a limit of 50 a second")
	}
}
