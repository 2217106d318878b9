package norm

import (
	"cmp"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "acme": "acme", "ACME Inc": "acme inc", "Müller": "muller", "MÜLLER": "muller", "Mu\u0308ller": "muller",
		"STRASSE": "strasse", "straße": "strasse", "Straẞe": "strasse", "Łódź": "lodz", "ŁÓDŹ": "lodz", "Ørsted": "orsted", "Ængus": "aengus", "Œuvre": "oeuvre",
		"Ｆｕｌｌ　Ｗｉｄｔｈ": "full width", "ﬁle": "file", "①": "1", "Σίσυφος": "σισυφοσ", "ΣΊΣΥΦΟΣ": "σισυφοσ", "Ñandú": "nandu", "Việt Nam": "viet nam", "İstanbul": "istanbul", "ılık": "ilik", "Þór": "thor",
		"é": "e", "e\u0301": "e", "\u0301": "", "ё": "е", "Й": "й", "ガ": "ガ", "한국": "한국", "中文": "中文", "😀": "😀", "100%_\\": "100%_\\",
		" a  b\t\nc ": "a b c", "a\u00a0\u2003b": "a b", "\u2028": "", "\t": "", "a\x00b": "a\x00b",
	} {
		if got := Fold(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, seed := range []string{"Müller", "STRASSE straße", "Łódź", "Ｗｉｄｅ　", "e\u0301\u0323", "\u0345ᾳ", "ǆ", "각", "İ", "\xff", " a  b "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := Fold(text)
		if again := Fold(folded); again != folded {
			t.Fatalf("%q folds to %q, then to %q", text, folded, again)
		}
		blank := func(r rune) bool { return r != ' ' && unicode.IsSpace(r) }
		if strings.TrimSpace(folded) != folded || strings.Contains(folded, "  ") || strings.ContainsFunc(folded, blank) {
			t.Fatalf("%q folds to %q", text, folded)
		}
		if utf8.ValidString(text) && !utf8.ValidString(folded) {
			t.Fatalf("%q folds to broken %q", text, folded)
		}
		ascii := strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == ""
		if ascii && folded != strings.ToLower(text) {
			t.Fatalf("%q folds to %q", text, folded)
		}
	})
}

// TestFoldCase checks that a word is found in upper, lower and title case.
func TestFoldCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom(nil, unicode.Latin, unicode.Cyrillic)).Draw(t, "text")
		upper, lower := Fold(strings.ToUpper(text)), Fold(strings.ToLower(text))
		if strings.ContainsAny(text, "ıİſ") || !strings.EqualFold(strings.ToUpper(text), text) {
			return // letters whose two cases are different words
		}
		if upper != lower {
			t.Fatalf("%q folds to %q in upper case, to %q in lower", text, upper, lower)
		}
	})
}

func TestClean(t *testing.T) {
	for _, test := range []struct {
		text, want string
		ok         bool
	}{
		{" Jane\n", "Jane", true}, {"e\u0301", "é", true}, {"\u00a0a\u3000", "a", true}, {"a  b", "a  b", true}, {"\t", "", true}, {"", "", true},
		{"a\x00", "", false}, {"\xff", "", false}, {"\xed\xa0\x80", "", false},
	} {
		if got, ok := Clean(test.text); got != test.want || ok != test.ok {
			t.Errorf("%q: %q, %v", test.text, got, ok)
		}
	}
}

func TestNumberKeyOrder(t *testing.T) {
	ascending := []string{
		"-1e400", "-1e26", "-2e25", "-1e25", "-9e24", "-1e24", "-12345678901234567891", "-12345678901234567890", "-1000", "-999.9", "-12.3", "-12", "-1.5", "-1", "-0.123", "-0.12", "-0.1", "-0.09", "-0.02", "-1e-400", "0",
		"1e-400", "0.000001", "0.02", "0.09", "0.1", "0.12", "0.123", "1", "1.0000000000000000000001", "1.5", "2", "9", "10", "12", "12.3", "99", "100", "999.9", "1000",
		"12345678901234567890", "12345678901234567890.1", "12345678901234567891", "1e24", "9e24", "1e25", "2e25", "1e26", "1e30", "1.1e30", "1e400",
	}
	for i := 1; i < len(ascending); i++ {
		if low, high := key(t, ascending[i-1]), key(t, ascending[i]); low >= high {
			t.Errorf("%s has the key %s, not below %s of %s", ascending[i-1], low, high, ascending[i])
		}
	}
	for _, same := range [][]string{{"0", "-0", "0.0", "0e5", "-0.00E-7"}, {"1", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "0.01e+02"}, {"-120", "-1.2e2", "-120.000", "-12E1", "-0.12e003"}} {
		for _, text := range same {
			if key(t, text) != key(t, same[0]) {
				t.Errorf("%s and %s have different keys", text, same[0])
			}
		}
	}
}

func TestNumberKeyRefuses(t *testing.T) {
	for _, text := range []string{
		"", "-", "+1", "01", "-01", "00", ".5", "5.", "1.e5", "1e", "1e+", "1e+-5", "e5", "1e5.5", "1 ", " 1", "0x10", "1_000", "1,000", "NaN", "Infinity", "--1", "1-", "1e5e5", "１", "1\n", "null", "true",
	} {
		if got, ok := NumberKey(text); ok {
			t.Errorf("%q has the key %s", text, got)
		}
	}
}

func key(t interface{ Fatalf(string, ...any) }, text string) string {
	k, ok := NumberKey(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return k
}

// TestNumberKeyIsNumeric compares the order of keys with exact arithmetic.
func TestNumberKeyIsNumeric(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) string {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,12})?`).Draw(t, "mantissa")
		if rapid.Bool().Draw(t, "scientific") {
			text += fmt.Sprintf("%s%+d", rapid.SampledFrom([]string{"e", "E"}).Draw(t, "e"), rapid.IntRange(-60, 60).Draw(t, "exponent"))
		}
		return text
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		if rapid.Bool().Draw(t, "near") { // the same number, or one that differs in its last digit
			b = a + "0"
			if !strings.ContainsAny(a, ".eE") {
				b = a + "." + rapid.StringMatching(`[0-9]{1,3}`).Draw(t, "tail")
			}
		}
		checkOrder(t, a, b)
	})
}

func checkOrder(t interface{ Fatalf(string, ...any) }, a, b string) {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY {
		t.Fatalf("%s or %s is no number", a, b)
	}
	if got, want := cmp.Compare(key(t, a), key(t, b)), x.Cmp(y); got != want {
		t.Fatalf("keys of %s and %s compare as %d, the numbers as %d", a, b, got, want)
	}
}

func FuzzNumberKey(f *testing.F) {
	for _, seed := range [][2]string{{"12345678901234567890", "12345678901234567891"}, {"-0.5", "-5e-1"}, {"1e400", "1e-400"}, {"01", "1"}, {"1e99999999999999", "1e5"}, {"-1.20e3", "-1200.0"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		keyA, okA := NumberKey(a)
		_, okB := NumberKey(b)
		if okA && strings.Trim(keyA[1:], "0123456789~") != "" {
			t.Fatalf("%q has the key %q", a, keyA)
		}
		if okA && okB && small(a) && small(b) {
			checkOrder(t, a, b)
		}
	})
}

// small reports whether exact arithmetic on the number is affordable.
func small(text string) bool {
	i := strings.IndexAny(text, "eE")
	return len(text) < 200 && (i < 0 || len(text)-i < 6)
}
