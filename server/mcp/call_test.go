package mcp

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/server/web"
)

// TestInnerURL checks which paths a tool reaches, and that a query needs no escapes.
func TestInnerURL(t *testing.T) {
	for target, want := range map[string]string{
		"/contacts":               "/contacts",
		"contact/c_1":             "/contact/c_1",
		"/contacts?search=a b#1":  "/contacts?search=a b#1",
		"/contacts?email=a%40b.c": "/contacts?email=a%40b.c",
		"/contact%2Fc_1":          "/contact/c_1",
		"/contacts?x=/../y":       "/contacts?x=/../y",
		"/tokens":                 "/tokens",
	} {
		u, fault := innerURL(http.MethodGet, target)
		if fault != nil {
			t.Errorf("%s: %v", target, fault)
			continue
		}
		got := u.Path
		if u.RawQuery != "" {
			got += "?" + u.RawQuery
		}
		if got != want || u.Host != "" || u.Scheme != "" {
			t.Errorf("%s leads to %s", target, u)
		}
	}
	for _, target := range []string{"", "//evil.example/x", "http://evil.example/x", "/a/../b", "/a/", "/%2e%2e/x", `/a\b`, "/a%5Cb", "/a\u202eb", "/a?b\r\nc", "/%zz", "/mcp", "/MCP/tools", "/token", "/auth/verify", "/.well-known/x", "/metrics"} {
		if u, fault := innerURL(http.MethodGet, target); fault == nil || fault.Code != crm.NotFound {
			t.Errorf("%q leads to %v, %v", target, u, fault)
		}
	}
	for _, method := range []string{"", "get", "PATCHES", "HEAD"} {
		if _, fault := innerURL(method, "/contacts"); fault == nil || fault.Code != crm.MethodNotAllowed {
			t.Errorf("the method %q: %v", method, fault)
		}
	}
}

// TestLongAnswersAreCutAtALine checks that an answer which is too long for a model ends with
// a whole line and says how to get less.
func TestLongAnswersAreCutAtALine(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	fits := strings.Repeat(line, web.MaxToolText/100)
	if truncated(fits) != fits {
		t.Error("an answer of the longest length is cut")
	}
	text := truncated(fits + "y\n")
	kept, remark, found := strings.Cut(text, "# cut here: the answer has 200002 bytes.")
	if !found || !strings.HasSuffix(kept, line) || len(kept) > web.MaxToolText || !strings.Contains(remark, "limit=20") {
		t.Errorf("it ends with %q", text[len(text)-200:])
	}
}

// TestToolArguments checks how the arguments of a call are read, by the tool write.
func TestToolArguments(t *testing.T) {
	write := tool{required: []string{"method", "path"}, arguments: requestArguments("path", bodyDoc, http.MethodPatch, http.MethodPost)}
	for raw, want := range map[string]string{
		`{"method":"POST","path":"/contacts","body":{"name":"x"}}`:     `{"name":"x"}`,
		`{"method":" post ","path":"/contacts","body":"name\nx\n"}`:    "name\nx\n",
		`{"method":"POST","path":"/contacts","body":[{"name":"x"}]}`:   `[{"name":"x"}]`,
		`{"method":"POST","path":"/contacts","body":""}`:               "",
		`{"method":"POST","path":"/contacts","body":null}`:             "",
		`{"method":"POST","path":"/contacts","idempotency_key":12345}`: "",
	} {
		args, fault := write.read(json.RawMessage(raw))
		if fault != nil || args["body"] != want || args["method"] != http.MethodPost || args["path"] != "/contacts" {
			t.Errorf("%s: %q %v", raw, args, fault)
		}
	}
	for raw, want := range map[string]string{
		``:                           "method is required",
		`[]`:                         "the arguments are not a JSON object",
		`{"method":"POST"}`:          "path is required; the tool takes body idempotency_key method path run.",
		`{"method":"POST","path":7}`: "path is a string, not 7.",
		`{"method":"POST","path":"/contacts","body":7}`:              "body is a JSON object like",
		`{"method":"DELETE","path":"/contacts/c_1"}`:                 "method is PATCH, POST, not DELETE. The tool delete does that.",
		`{"method":"POST","path":"/contacts","name":"x"}`:            "the fields of a record into body",
		`{"method":"POST","path":"/contacts","path":"/deals"}`:       "not a JSON object",
		`{"method":"POST","path":"/contacts","idempotency_key":1.5}`: "idempotency_key is a string",
	} {
		if _, fault := write.read(json.RawMessage(raw)); fault == nil || !strings.Contains(fault.Hint, want) {
			t.Errorf("%s: %v; want %s", raw, fault, want)
		}
	}
}

// TestJSONForModels checks that JSON in the text of a tool has no escapes of HTML, and that
// invisible characters, by which text can be hidden from people, are escaped.
func TestJSONForModels(t *testing.T) {
	got := asJSON(found{ID: "contact/c_1", Title: "A & B <c>\u202e", URL: "http://x/"})
	if want := `{"id":"contact/c_1","title":"A & B <c>\u202e","url":"http://x/"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
