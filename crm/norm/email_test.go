package norm

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEmail(t *testing.T) {
	local64, label63 := strings.Repeat("a", 64), strings.Repeat("b", 63)
	longHost := strings.Repeat(label63+".", 3)
	for text, want := range map[string]string{
		"jane@acme.com":                       "jane@acme.com",
		" Jane.Doe+crm@ACME.Com ":             "jane.doe+crm@acme.com",
		"o'hara@acme.com":                     "o'hara@acme.com",
		"!#$%&'*+-/=?^_`{|}~@acme.com":        "!#$%&'*+-/=?^_`{|}~@acme.com",
		"a@b.co":                              "a@b.co",
		"1@2.com":                             "1@2.com",
		"jane@mail.acme.co.uk":                "jane@mail.acme.co.uk",
		"jane@www.acme.com":                   "jane@www.acme.com",
		"jane@bücher.de":                      "jane@xn--bcher-kva.de",
		"jane@BÜCHER.de":                      "jane@xn--bcher-kva.de",
		"jane@xn--bcher-kva.de":               "jane@xn--bcher-kva.de",
		"jane@ｅｘａｍｐｌｅ.com":                    "jane@example.com",
		"jane@acme。com":                       "jane@acme.com",
		"jane@例え.jp":                          "jane@xn--r8jz45g.jp",
		"Jürgen@acme.com":                     "jürgen@acme.com",
		"ju\u0308rgen@acme.com":               "jürgen@acme.com",
		"用户@例え.jp":                            "用户@xn--r8jz45g.jp",
		local64 + "@acme.com":                 local64 + "@acme.com",
		"a@" + label63 + ".com":               "a@" + label63 + ".com",
		local64 + "@" + longHost[64:] + "com": local64 + "@" + longHost[64:] + "com",
	} {
		if got, ok := Email(text); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
	long := "a@" + longHost + strings.Repeat("c", 254-2-len(longHost)-4) + ".com"
	if _, ok := Email(long); !ok || len(long) != 254 {
		t.Errorf("%d characters are refused", len(long))
	}
	if _, ok := Email("a" + long); ok {
		t.Errorf("%d characters are taken", len(long)+1)
	}
}

func TestEmailRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "@", "jane", "jane@", "@acme.com", "jane@acme", "jane@localhost", "jane@@acme.com", "jane@a@acme.com", "jane acme.com",
		"Evil <a@x.com>", "<a@x.com>", "a@x.com, b@x.com", "a@x.com;b@x.com", "a@x.com b@x.com", "a@x.com (work)", "mailto:a@x.com", "a:b@x.com",
		`"a b"@x.com`, `"a"@x.com`, `a\@b@x.com`, `"x> ORCPT=.."@e.com`, "a..b@x.com", ".a@x.com", "a.@x.com", "a@x..com", "a@.x.com", "a@x.com.", "a@x.com..",
		"a@-x.com", "a@x-.com", "a@x_y.com", "a@x.-com", "a@x.com-", "a@x.com:25", "a@x.com/y", "a@x.com?b", "a@[1.2.3.4]", "a@1.2.3.4", "a@[IPv6:::1]", "a@x.123",
		"a\u200bb@x.com", "a\u200b@b.com", "a\u00a0b@x.com", "a\u3000@x.com", "a\u202e@x.com", "a\ufeff@x.com", "a\u00ad@x.com", "a\u3164@x.com", "a\ufe0f@x.com", "a\U000e0041@x.com", "a\u034fb@x.com",
		"a\nb@x.com", "a@x.com\nRCPT TO:<b@x.com>", "a\x00@x.com", "a\x7f@x.com", "a\xff@x.com", "a\u0085@x.com", "😀@x.com", "a@b c.com", "a@x\ty.com",
		strings.Repeat("a", 65) + "@x.com", "a@" + strings.Repeat("b", 64) + ".com", "a@" + strings.Repeat("b", 300) + ".com", "a@" + strings.Repeat("ü", 60) + ".com",
		"a@xn--a.com", "a@" + strings.Repeat("b.", 130) + "com",
	} {
		if got, ok := Email(text); ok {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
}

// TestEmailWhoseLowerCaseIsLonger uses letters whose lower case has more bytes: an accepted
// address must fit the 64 bytes of RFC 5321 and be accepted again.
func TestEmailWhoseLowerCaseIsLonger(t *testing.T) {
	address, ok := Email(strings.Repeat("Ⱥ", 32) + "@acme.com")
	if again, same := Email(address); ok && (!same || again != address) {
		t.Errorf("%q is stored, then refused", address)
	}
}

func TestHost(t *testing.T) {
	label63 := strings.Repeat("b", 63)
	for text, want := range map[string]string{
		"acme.com": "acme.com", " ACME.Com ": "acme.com", "www.acme.com": "acme.com", "WWW.Acme.com": "acme.com", "www.com": "www.com", "www2.acme.com": "www2.acme.com",
		"acme.com.": "acme.com", "acme.com.:443": "acme.com", "acme.com:8080": "acme.com", "acme.com:": "acme.com", "https://acme.com": "acme.com",
		"HTTPS://www.Acme.com:8443/about?x=1#y": "acme.com", "acme.com/a/b": "acme.com", "acme.com?x": "acme.com", "acme.com#y": "acme.com", "ftp://files.acme.com/": "files.acme.com",
		"https://acme.com/login?next=https://x.com": "acme.com",
		"bücher.de": "xn--bcher-kva.de", "BÜCHER.DE": "xn--bcher-kva.de", "xn--bcher-kva.de": "xn--bcher-kva.de", "faß.de": "xn--fa-hia.de", "例え.jp": "xn--r8jz45g.jp",
		"acme。com": "acme.com", "ａｃｍｅ.com": "acme.com", "a-b.c-d.co.uk": "a-b.c-d.co.uk", "1.com": "1.com", label63 + ".com": label63 + ".com",
	} {
		if got, ok := Host(text); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestHostRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", ".", "..", "acme", "localhost", "http://", "https:///x", "com.", ".com", "a..com", ".acme.com", "acme.com..", "-acme.com", "acme-.com", "acme.-com", "a_b.com", "acme.com:80a", "acme.com:80:80",
		"1.2.3.4", "http://1.2.3.4/x", "1.2.3.4:80", "[::1]", "[::1]:80", "::1", "acme.123", "acme com", "acme.com x", "acme\x00.com", "acme\n.com", "acme.com\nx", "<acme.com>", "acme,com", "*.acme.com", "acme.com'", `acme.com"`,
		"jane@acme.com", "mailto:jane@acme.com", "xn--a.com", "xn--.com", strings.Repeat("b", 64) + ".com", strings.Repeat("b", 300) + ".com", strings.Repeat("b.", 130) + "com", "😀", "א1a.com", "a\u202e.com",
	} {
		if got, ok := Host(text); ok {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
}

// TestHostIsIdempotent checks that a stored domain that is sent back does not change.
func TestHostIsIdempotent(t *testing.T) {
	for _, text := range []string{"www.www.acme.com", "www.www.www.acme.com.", "www.www.com"} {
		host, ok := Host(text)
		if again, _ := Host(host); !ok || again != host {
			t.Errorf("%q is stored as %q, then as %q", text, host, again)
		}
	}
}

// TestHostIgnoresPath checks that the host is the first part of a URL, also if the path or query
// contains another address.
func TestHostIgnoresPath(t *testing.T) {
	for _, text := range []string{"acme.com/login?next=https://other.com", "acme.com/https://other.com", "acme.com?x=http://other.com/"} {
		if host, ok := Host(text); !ok || host != "acme.com" {
			t.Errorf("%q: %q, %v", text, host, ok)
		}
	}
}

// odd reports whether a character must not be in a stored address or host.
func odd(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.C, unicode.Z) || strings.ContainsRune("\"<>()[],;:\\", r)
}

func FuzzEmail(f *testing.F) {
	for _, seed := range []string{"jane@acme.com", "Jürgen@BÜCHER.de", "Evil <a@x.com>", "a\u200b@b.com", "\"q\"@x.com", "ⱥ@x.com", "ǅ@x.com", "a@xn--bcher-kva.de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, ok := Email(text)
		if !ok || !utf8.ValidString(text) { // which Clean refuses first
			return
		}
		if again, ok := Email(address); !ok || again != address {
			t.Fatalf("%q is stored as %q, then as %q, %v", text, address, again, ok)
		}
		local, host, _ := strings.Cut(address, "@")
		if strings.ContainsFunc(address, odd) || len(address) > 254 || local == "" || strings.Contains(host, "@") {
			t.Fatalf("%q is stored as %q", text, address)
		}
		if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
			t.Fatalf("%q is stored with the host %q", text, host)
		}
	})
}

func FuzzHost(f *testing.F) {
	for _, seed := range []string{"acme.com", "https://www.acme.com:80/x?y#z", "bücher.de", "xn--bcher-kva.de", "1.2.3.4", "acme.com.", "faß.de", "a\u200b.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		host, ok := Host(text)
		if !ok || !utf8.ValidString(text) { // which Clean refuses first
			return
		}
		if again, ok := Host(host); !ok || again != host {
			t.Fatalf("%q is stored as %q, then as %q, %v", text, host, again, ok)
		}
		if len(host) > 253 || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" || !strings.Contains(host, ".") {
			t.Fatalf("%q is stored as %q", text, host)
		}
	})
}
