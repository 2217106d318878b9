package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestJSONLogHoldsEverything starts a server that fails, and one that serves: each line
// on standard error is JSON, and the start names the version.
func TestJSONLogHoldsEverything(t *testing.T) {
	t.Parallel()
	out := &bytes.Buffer{}
	cmd := command(t, "serve", "--local", "--log-format=json", "--db=nowhere/crm.db")
	cmd.Stderr = out
	if err := cmd.Run(); err == nil {
		t.Error("it serves a file in a folder that is not there")
	}
	p := serve(t, "--log-format=json", "--db", ":memory:")
	p.do("GET", "/nowhere", "")
	p.stop()
	lines := out.String() + p.stderr.text()
	for line := range strings.Lines(lines) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a plain line: %s", line)
		}
	}
	for _, want := range []string{`"msg":"crmkit serve failed"`, `the folder cannot be used`, `"msg":"started","version":"dev"`, `"took_ms":`} {
		if !strings.Contains(lines, want) {
			t.Errorf("no %s in\n%s", want, lines)
		}
	}
}
