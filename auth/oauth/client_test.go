package oauth_test

import (
	"testing"

	"crmkit/auth/oauth"
)

// TestRedirectLabels checks that the scheme of an application which looks like a host is not
// shown as one.
func TestRedirectLabels(t *testing.T) {
	for uri, want := range map[string]string{"https://claude.ai/cb": "claude.ai", "claude.ai:/cb": "an application on this device (scheme claude.ai)",
		"cursor://anysphere/cb": "an application on this device (scheme cursor)", "http://127.0.0.1:8787/cb": "127.0.0.1:8787"} {
		if got := oauth.RedirectLabel(uri); got != want {
			t.Errorf("%s leads to %q, want %q", uri, got, want)
		}
	}
}
