package e2e

import (
	"strings"
	"testing"
)

// TestSmoke uses the main parts of the released binary, which SMOKE_BINARY names; otherwise of one
// that is built here.
func TestSmoke(t *testing.T) {
	p := serve(t, "--db", ":memory:", "--token-for", "you@example.com")
	for _, step := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/readyz", "", 200, "ready"},
		{"GET", "/help", "", 200, p.url},
		{"POST", "/contacts", `{"name":"Jane Doe","email":"jane@acme.com"}`, 201, "# created"},
		{"GET", "/contacts?search=jane", "", 200, "# 1 of 1 contact"},
		{"GET", "/openapi.json", "", 200, `"openapi"`},
	} {
		status, text := p.do(step.method, step.path, step.body)
		if status != step.status || !strings.Contains(text, step.want) {
			t.Errorf("%s %s: %d, want %d and %q:\n%s", step.method, step.path, status, step.status, step.want, text)
		}
	}
	if code := p.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr.text())
	}
}
