package e2e

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var screenshots = flag.Bool("screenshots", false, "rewrite the screenshots of docs/sign-in")

// TestSignInPage goes through the sign-in page with a browser, in the steps of
// testdata/clients/page.mjs.
func TestSignInPage(t *testing.T) {
	long(t, "left out: MCP clients from npm, and a browser")
	p := serve(t, "--db", ":memory:")
	shots := t.TempDir()
	if *screenshots {
		var err error
		if shots, err = filepath.Abs(source("docs/sign-in")); err != nil {
			t.Fatal(err)
		}
	}
	cmd := node(t, "page.mjs", p.url, shots)
	cmd.Env = append(os.Environ(), "CHROMIUM="+browser(t))
	passes(t, cmd)
}

// browser returns the path of Chromium under one of its names.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return needs(t, "chromium")
}
