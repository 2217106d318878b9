package mail

import (
	"strings"
	"testing"
)

func TestBare(t *testing.T) {
	for _, s := range []string{"jane@acme.com", "j@localhost", "a.b+c@x-y.example", "o'neil@acme.com", "jürgen@acme.com", "日本@xn--bcher-kva.de",
		strings.Repeat("x", 64) + "@acme.com"} {
		if !bare(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", "@", "jane", "jane@", "@acme.com", "Jane <jane@acme.com>", "<jane@acme.com>", "jane@acme.com, x@y.z", "jane@acme.com,x@y.z",
		" jane@acme.com", "jane@acme.com ", "jane@acme.com\r\nRCPT TO:<x@y.z>", "jane@acme.com> ORCPT=x", `"x> ORCPT=.."@e.com`, `"jane"@acme.com`,
		"jane(x)@acme.com", "jane@acme.com(x)", "a@b@c", "a..b@c.de", ".a@c.de", "a.@c.de", "a@.de", "a@c..de", "a@c.", "a@-c.de", "a@c-.de", "a@[127.0.0.1]",
		"a\u200b@b.com", "a\x00@b.com", "a\xff@b.com", "a@bücher.de", "a@b c.de", "a;b@c.de", "a\\b@c.de", "\u202ea@b.com",
		strings.Repeat("x", 65) + "@acme.com", "a@" + strings.Repeat("x.", 126) + "com"} {
		if bare(s) {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestFrom(t *testing.T) {
	for s, want := range map[string]string{
		"crm@acme.com":                           `"crmkit" <crm@acme.com>`,
		"<crm@acme.com>":                         `"crmkit" <crm@acme.com>`,
		"Acme CRM <crm@acme.com>":                `"Acme CRM" <crm@acme.com>`,
		"=?utf-8?q?x=0D=0AB?= <crm@acme.com>":    `"x B" <crm@acme.com>`,
		"=?utf-8?q?=3D=3Fx=3F=3D?= <c@acme.com>": `"= ?x?=" <c@acme.com>`,
	} {
		if got, err := parseFrom(s); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v, want %s", s, got, err, want)
		}
	}
	for _, s := range []string{"", "Acme", "Acme, Inc. <crm@acme.com>", "a@b.c, d@e.f", "Acme <crm@bücher.de>", `"a b"@c.de`, "Acme <crm@acme.com>\r\nBcc: x@y.z"} {
		if _, err := New(Options{URL: "smtp://h", From: s}); err == nil || !strings.Contains(err.Error(), "Acme CRM <crm@acme.com>") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestMask(t *testing.T) {
	for address, want := range map[string]string{"jane@acme.com": "j…@acme.com", "ürgen@acme.com": "ü…@acme.com", "x\r\n@acme.com": "no address", "": "no address"} {
		if got := mask(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
