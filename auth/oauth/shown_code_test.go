package oauth

import (
	"strings"
	"testing"
)

// TestShownCodesAreSealed opens sealed codes with the secret of their page, and with others.
func TestShownCodesAreSealed(t *testing.T) {
	sealed := sealCode("page", "123456")
	if again := sealCode("page", "654321"); strings.Contains(sealed, "123456") || sealed[:24] == again[:24] {
		t.Errorf("the codes are sealed as %s and %s", sealed, again)
	}
	for _, c := range []struct{ secret, sealed, want string }{
		{"page", sealed, "123456"},
		{"another", sealed, ""},
		{"page", "", ""},
		{"page", sealed[:10], ""},
		{"page", "no hex", ""},
		{"page", sealed[:len(sealed)-1] + "x", ""},
		{"page", sealCode("page", ""), ""},
	} {
		if code := openCode(c.secret, c.sealed); code != c.want {
			t.Errorf("%q opens %q as %q, want %q", c.secret, c.sealed, code, c.want)
		}
	}
}
