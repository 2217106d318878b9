package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of this file drive the server with programs of others from npm: the MCP
// conformance suite and the official TypeScript SDKs. testdata/clients/install installs
// them.

const clients = "testdata/clients"

// node returns a command of the installed clients.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := filepath.Abs(clients + "/node_modules/node/bin/node")
	if err != nil {
		t.Fatal(err)
	}
	needs(t, program)
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = clients
	return cmd
}

// passes runs a command that must succeed, and logs its output.
func passes(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args[1:], err, out)
	}
	t.Logf("%s", out)
}

// authorized forwards to a server with a token, for clients that have no way to
// sign in.
func authorized(t *testing.T, p *running) string {
	t.Helper()
	target, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("Authorization", "Bearer "+p.token)
	}}
	srv := httptest.NewServer(http.Handler(proxy))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestMCPConformance(t *testing.T) {
	long(t, "left out: MCP clients from npm, and a browser")
	p := serve(t, "--db", ":memory:", "--token-for", "jane@acme.com")
	at := authorized(t, p)
	for _, version := range []string{"2025-06-18", "2025-11-25", "2026-07-28"} {
		t.Run(version, func(t *testing.T) {
			passes(t, node(t, "node_modules/.bin/conformance", "server", "--url", at+"/mcp", "--suite", "all",
				"--spec-version", version, "--expected-failures", "expected-"+version+".yaml"))
			passes(t, node(t, "authorization.mjs", p.url, version))
		})
	}
}

func TestTypeScriptSDK(t *testing.T) {
	long(t, "left out: MCP clients from npm, and a browser")
	for generation, want := range map[string]int{"1": 6, "2": 8} {
		t.Run("v"+generation, func(t *testing.T) {
			p := serve(t, "--db", ":memory:")
			cmd := node(t, "sdk.mjs", generation, p.url)
			out, err := cmd.Output()
			if err != nil || strings.Count(string(out), "\n") != want {
				t.Fatalf("%v: %v\n%s%s", cmd.Args[1:], err, out, failureOf(err))
			}
		})
	}
}

// failureOf returns the error output of a failed command.
func failureOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
