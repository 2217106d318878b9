package norm

import (
	"testing"
	"unicode/utf8"
)

// TestDecodeCharset decodes texts in the character sets of phones and of Outlook.
func TestDecodeCharset(t *testing.T) {
	for _, c := range []struct {
		charset, text, want string
		ok                  bool
	}{
		{"", "ü", "ü", true},
		{"", "\xfc", "\xfc", false},
		{"UTF-8", "ü", "ü", true},
		{"Windows-1252", "M\xfcller \x80", "Müller €", true},
		{"iso-8859-1", "\xfc", "ü", true},
		{"ISO-8859-2", "\xb3", "ł", true},
		{"SHIFT_JIS", "\x8e\x52", "山", true},
		{"gb2312", "\xc9\xbd", "山", true},
		{"ISO-2022-JP", "\x1b$B;3\x1b(B", "山", true},
		{"US-ASCII", "x", "x", true},
		{"x-unknown", "x", "x", true},
		{"x-unknown", "\xfc", "\xfc", false},
		{"SHIFT_JIS", "\xff", "\ufffd", false},
	} {
		if got, ok := DecodeCharset(c.charset, c.text); got != c.want || ok != c.ok {
			t.Errorf("%s %q is %q, %v", c.charset, c.text, got, ok)
		}
	}
}

// FuzzDecodeCharset checks that a text is UTF-8 after it was decoded.
func FuzzDecodeCharset(f *testing.F) {
	f.Add("windows-1252", "\xfc")
	f.Fuzz(func(t *testing.T, charset, text string) {
		if got, ok := DecodeCharset(charset, text); ok && !utf8.ValidString(got) {
			t.Fatalf("%s %q is %q", charset, text, got)
		}
	})
}
