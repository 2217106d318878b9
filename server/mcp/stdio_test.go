package mcp_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"crmkit/server/mcp"
	"crmkit/server/servertest"
)

// run carries lines to a server and returns the answers.
func run(t *testing.T, p mcp.Stdio, lines ...string) (answers []map[string]any) {
	t.Helper()
	var out strings.Builder
	p.In, p.Out, p.Log = strings.NewReader(strings.Join(lines, "\n")), &out, slog.New(slog.DiscardHandler)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		var answer map[string]any
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		answers = append(answers, answer)
	}
	return answers
}

// request returns a message that calls the tool request.
func request(id int, method, path, body string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"request","arguments":{"method":%q,"path":%q,"body":%q}}}`, id, method, path, body)
}

// TestStdioAnswersInOrder checks that each message gets its answer before the next one is
// read, notifications get none, and a line that is too long is refused alone.
func TestStdioAnswersInOrder(t *testing.T) {
	c := servertest.New(t)
	answers := run(t, mcp.Stdio{Endpoint: c.URL + "/mcp", Token: c.Token},
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		"",
		request(2, "POST", "/contacts", `{"name":"Jane"}`),
		request(3, "GET", "/contacts", ""),
		`{"jsonrpc":"2.0","id":4,"method":"ping","x":"`+strings.Repeat("x", 3<<20)+`"}`,
		"no JSON",
		`{"jsonrpc":"2.0","id":5,"method":"ping"}`) // the last line has no end
	wants := []string{`"id":1 You act for`, `"id":2 # created`, `"id":3 # 1 of 1 contact`, `"id":null error`, `"id":null -32700`, `"id":5 result`}
	if len(answers) != len(wants) {
		t.Fatalf("%d answers: %v", len(answers), answers)
	}
	for i, want := range wants {
		text, _ := json.Marshal(answers[i])
		id, part, _ := strings.Cut(want, " ")
		if !strings.Contains(string(text), id) || !strings.Contains(string(text), part) {
			t.Errorf("answer %d lacks %s: %.300s", i, want, text)
		}
	}
}

// TestStdioWithoutAnswer checks that a server which refuses the token, answers something
// else, or is away becomes the error of the message.
func TestStdioWithoutAnswer(t *testing.T) {
	c := servertest.New(t)
	for name, test := range map[string]struct {
		via  mcp.Stdio
		want string
	}{
		"unknown token": {mcp.Stdio{Endpoint: c.URL + "/mcp", Token: "ck_x"}, "Start crmkit mcp again with another token"},
		"other page": {mcp.Stdio{Endpoint: "http://crm.example/mcp", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<html>", http.StatusBadGateway)
		})}, "the server answered 502"},
		"nobody there": {mcp.Stdio{Endpoint: "http://127.0.0.1:1/mcp"}, "127.0.0.1:1"},
	} {
		answers := run(t, test.via, request(7, "GET", "/whoami", ""))
		text, _ := json.Marshal(answers)
		if len(answers) != 1 || answers[0]["id"] != 7.0 || !strings.Contains(string(text), test.want) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
