package norm

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// unseen is a list, independent of the code, of the characters that answers must escape:
// controls, format characters, separators and every default-ignorable code point (Unicode's
// DerivedCoreProperties) including variation selectors, noncharacters, and letters that are
// drawn blank.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) || r >= 0xe0000 && r <= 0xe0fff ||
		r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef || strings.ContainsRune("\u2800\U00013441\U00013442\U00016fe4\U0001d159", r)
}

var hostile = []string{
	"", " ", "a b", "\n", "\r\n", "\x00", "\x7f", "\u0085", "\u009b31m", "\x1b[31m", "a\u00a0b", "\u3000", "\u2028", "\u2029", "\u202e", "\u2066x\u2069",
	"\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u115f", "\u3164", "\uffa0", "\u180e", "\u2800", "\u2800\u2800", "\uffff",
	"\U000e0041", "\U000e0100", "\U0001d173", `"`, `\`, `\u0041`, `a"b\c`, "<b>&amp;", "# next: x", "ERROR x", "=", "a=b", "ü", "日本", "\U0001f600",
}

func TestQuotedRoundTrip(t *testing.T) {
	for _, s := range hostile {
		checkQuoted(t, s)
	}
	for r := range rune(0x12000) {
		if utf8.ValidRune(r) {
			checkQuoted(t, string(r))
		}
	}
	for r := rune(0xe0000); r < 0xe1000; r++ {
		checkQuoted(t, string(r))
	}
}

// TestVariationSelectors checks that the zero-width selectors, which can carry a
// hidden text behind any letter, are escaped like other zero-width characters.
func TestVariationSelectors(t *testing.T) {
	for _, r := range []rune{0xfe00, 0xfe0e, 0xfe0f, 0x180b, 0x180d, 0x180f, 0xe0100, 0xe01ef} {
		if s := "a" + string(r); !IsInvisible(r) || IsUnquoted(s) {
			t.Errorf("U+%04X stands bare", r)
		}
	}
}

// TestBrokenUTF8 checks that bytes that are not UTF-8, which a terminal may take for C1 controls,
// are in no answer and no hint.
func TestBrokenUTF8(t *testing.T) {
	for _, s := range []string{"\x9b31m", "a\xff", "\xed\xa0\x80", "x\xe2\x82"} {
		for name, out := range map[string]string{
			"AppendQuoted": string(AppendQuoted(nil, s)),
			"AppendValue":  string(AppendValue(nil, s)),
			"Show":         Quote(s),
			"OneLine":      OneLine(s),
		} {
			if !utf8.ValidString(out) {
				t.Errorf("%s(%q) = %q", name, s, out)
			}
		}
	}
}

// checkQuoted checks the promises for a value in a line of text.
func checkQuoted(t *testing.T, s string) {
	t.Helper()
	quoted := string(AppendQuoted([]byte("x"), s))[1:]
	var back string
	if err := json.Unmarshal([]byte(quoted), &back); err != nil || back != s {
		t.Fatalf("%q is quoted as %s, which reads back as %q, %v", s, quoted, back, err)
	}
	if i := strings.IndexFunc(quoted, IsInvisible); i >= 0 {
		t.Fatalf("%q is quoted as %q with an invisible character at %d", s, quoted, i)
	}
	value := string(AppendValue(nil, s))
	if !IsUnquoted(s) {
		if value != quoted {
			t.Fatalf("%q is written as %s", s, value)
		}
		return
	}
	odd := func(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) || r == '"' || r == '\\' }
	if value != s || s == "" || strings.ContainsFunc(s, odd) {
		t.Fatalf("%q stands bare as %q", s, value)
	}
}

func TestQuotedForms(t *testing.T) {
	for s, want := range map[string]string{
		"a\nb\t\r":    `"a\nb\t\r"`,
		`say "hi" \o`: `"say \"hi\" \\o"`,
		"<b>&</b>":    `"<b>&</b>"`,
		"\u2028\x00":  `"\u2028\u0000"`,
		"\U000e0041":  `"\udb40\udc41"`,
		"a\u202eb":    `"a\u202eb"`,
		"Ünï 日本 😀":    `"Ünï 日本 😀"`,
		"a\xffb":      `"a` + "\ufffd" + `b"`,
	} {
		if got := string(AppendQuoted(nil, s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestBareForms(t *testing.T) {
	for _, s := range []string{"jane@acme.com", "lead", "a=b", "#1", "ERROR", "日本", "Łódź", "😀", "[1,2]", "'x'", "<&>", "…"} {
		if !IsUnquoted(s) {
			t.Errorf("%q is quoted", s)
		}
	}
	for _, s := range []string{"", " ", "a b", "a\u00a0b", "a\u3000", "\u2003x", `a"`, `a\`, "a\n", "é\n", "é\"", "é\\", "\u0085", "\u200b", "\ufeffa", "\U000e0041"} {
		if IsUnquoted(s) {
			t.Errorf("%q stands bare", s)
		}
	}
}

func TestShow(t *testing.T) {
	long := strings.Repeat("ü", 81)
	for s, want := range map[string]string{
		"lead":        "lead",
		"a b":         `"a b"`,
		"x\nERROR y":  `"x\nERROR y"`,
		"":            `""`,
		long:          strings.Repeat("ü", 80) + "…",
		long[2:]:      strings.Repeat("ü", 80),
		"\n" + long:   `"\n` + strings.Repeat("ü", 79) + `…"`,
		"\U000e0041b": `"\udb40\udc41b"`,
	} {
		if got := Quote(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	for s, want := range map[string]string{
		"plain hint, with blanks": "plain hint, with blanks",
		"a\nERROR b\r\x1b[0m":     `a\u000aERROR b\u000d\u001b[0m`,
		"a\u2028\u202e\U000e0041": `a\u2028\u202e\udb40\udc41`,
	} {
		if got := OneLine(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	for _, s := range hostile {
		if got := OneLine(s); strings.ContainsFunc(got, IsInvisible) {
			t.Errorf("%q stays %q", s, got)
		}
	}
}

// TestInvisible compares with this test's own list. Variation selectors below
// U+E0100 have a test of their own.
func TestInvisible(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if got := IsInvisible(r); got != unseen(r) && !unicode.Is(unicode.Variation_Selector, r) {
			t.Errorf("U+%04X: %v", r, got)
		}
	}
}

func FuzzQuoted(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkQuoted(t, strings.ToValidUTF8(s, "\ufffd"))
		quoted := AppendQuoted(nil, s)
		if !json.Valid(quoted) || !utf8.Valid(quoted) {
			t.Fatalf("%q is quoted as %q", s, quoted)
		}
		for _, shown := range []string{Quote(s), OneLine(s)} {
			if strings.ContainsFunc(shown, IsInvisible) || utf8.RuneCountInString(Quote(s)) > 81*12+2 {
				t.Fatalf("%q is shown as %q", s, shown)
			}
		}
	})
}
