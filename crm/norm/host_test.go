package norm

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestShowHost(t *testing.T) {
	for host, want := range map[string]string{
		"acme.com": "acme.com", "käse.example": "käse.example", "sub.käse.example": "sub.käse.example", "straße.de": "straße.de", "例え.テスト": "例え.テスト", "東京abc.jp": "東京abc.jp",
		"한국.kr": "한국.kr", "пример.рф": "пример.рф", "пример.com": "пример.com", "δοκιμή.gr": "δοκιμή.gr", "موقع.com": "موقع.com", "भारत.in": "भारत.in", "l·l.cat": "l·l.cat",
		"раураl.com": "", "аррӏе.com": "", "аррӏе.ru": "аррӏе.ru", "gооgle.com": "", "ναι.com": "", "ναι.gr": "ναι.gr", "mβ.com": "", "аррӏе.käse.com": "xn--80ak6aa92e.käse.com",
	} {
		ascii, ok := Host(host)
		if want == "" {
			want = ascii
		}
		got := ShowHost(ascii)
		back, again := Host(got)
		if !ok || got != want || back != ascii || !again {
			t.Errorf("%s is %s, shown as %s, want %s, read back as %s", host, ascii, got, want, back)
		}
		if address := "jörg@" + ascii; ShowEmail(address) != "jörg@"+want {
			t.Errorf("%s is shown as %s", address, ShowEmail(address))
		}
	}
	for _, odd := range []string{"", "xn--", "xn--.com", "xn--a", "xn--99999999", "xn--kse-qla.", "..", "a@", "@", "xn--" + strings.Repeat("a", 100), "XN--KSE-QLA.example"} {
		if ShowHost(odd) != odd || ShowEmail(odd) != odd {
			if !strings.HasPrefix(odd, "xn--kse") {
				t.Errorf("%q is shown as %q, %q", odd, ShowHost(odd), ShowEmail(odd))
			}
		}
	}
}

// TestShownHostsAreReadBack checks that a name which is shown is read as the same name.
func TestShownHostsAreReadBack(t *testing.T) {
	letter := rapid.RuneFrom([]rune("abzäßøщяпаλ東ひカ한א·-09ıſ"))
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(letter).Draw(t, "label") + "." + rapid.StringOfN(letter, 1, 6, -1).Draw(t, "top")
		host, ok := Host(name)
		if !ok {
			return
		}
		if back, ok := Host(ShowHost(host)); !ok || back != host {
			t.Fatalf("%q is %q, shown as %q, read back as %q", name, host, ShowHost(host), back)
		}
	})
}

func TestFoldHosts(t *testing.T) {
	for text, want := range map[string]string{
		"Jane@Acme.com": "jane@acme.com", "a@xn--kse-qla.example": "a@xn--kse-qla.example\ta@kase.example", `["a@xn--kse-qla.de","b@c.de"]`: `["a@xn--kse-qla.de","b@c.de"]` + "\t" + `["a@kase.de","b@c.de"]`,
		"xn--": "xn--", "xn--a-": "xn--a-", "axn--kse-qla.de": "axn--kse-qla.de", "": "", "xn--strae-oqa.de": "xn--strae-oqa.de\tstrasse.de",
	} {
		if got := FoldHosts(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzFoldHosts(f *testing.F) {
	for _, seed := range []string{"a@xn--kse-qla.example", "xn--a", "xn--80ak6aa92e.com", "ä xn--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fold := FoldHosts(text)
		if !strings.HasPrefix(fold, Fold(text)) || len(fold) > 100*len(text)+100 {
			t.Fatalf("%q is %q", text, fold)
		}
		if shown := ShowEmail(text); strings.Contains(text, "xn--") {
			if address, ok := Email(text); ok && address == text {
				if back, ok := Email(shown); !ok || back != text {
					t.Fatalf("%q is shown as %q, read back as %q", text, shown, back)
				}
			}
		}
	})
}
