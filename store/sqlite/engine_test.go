package sqlite

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crmkit/crm/norm"
)

// longPart is the length of the patterns for which the slowest texts are made.
const longPart = 200

// repetitive returns texts of few repeated letters, which are slow for naive searching.
func repetitive() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		unit := rapid.StringOfN(rapid.SampledFrom([]rune("abä")), 1, 4, -1).Draw(t, "unit")
		end := rapid.StringOfN(rapid.SampledFrom([]rune("abcä")), 0, 3, -1).Draw(t, "end")
		return strings.Repeat(unit, rapid.IntRange(0, 60).Draw(t, "times")) + end
	})
}

// TestContainsMatchesStringsContains compares with package strings.
func TestContainsMatchesStringsContains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, part := repetitive().Draw(t, "text"), repetitive().Draw(t, "part")
		if rapid.Bool().Draw(t, "within") {
			from := rapid.IntRange(0, len(text)).Draw(t, "from")
			part = text[from:rapid.IntRange(from, len(text)).Draw(t, "to")]
		}
		if got, want := Contains(text, part), strings.Contains(text, part); got != want {
			t.Fatalf("Contains(%q, %q) = %v, want %v", text, part, got, want)
		}
		if part == "" {
			return
		}
		found, compared := search(text, part)
		if want := strings.Contains(text, part); found != want {
			t.Fatalf("search(%q, %q) = %v, want %v", text, part, found, want)
		}
		if most := 2 * (len(text) + len(part)); compared > most {
			t.Fatalf("search(%q, %q) compares %d times, want at most %d", text, part, compared, most)
		}
	})
}

// TestSearchesAreLinear counts the comparisons for the longest pattern and the slowest texts:
// trying the pattern at each position would take a hundred times as many.
func TestSearchesAreLinear(t *testing.T) {
	const size = 65_536
	fibonacci, last := "ab", "a"
	for len(fibonacci) < size {
		fibonacci, last = fibonacci+last, fibonacci
	}
	for name, of := range map[string]struct{ text, part string }{
		"one letter":      {strings.Repeat("a", size), strings.Repeat("a", longPart-1) + "b"},
		"one, at the end": {strings.Repeat("a", size), "b" + strings.Repeat("a", longPart-1)},
		"two letters":     {strings.Repeat("ab", size/2), strings.Repeat("ab", longPart/2-1) + "aa"},
		"blocks":          {strings.Repeat(strings.Repeat("a", longPart-1)+"c", size/longPart), strings.Repeat("a", longPart-1) + "b"},
		"fibonacci":       {fibonacci, fibonacci[:longPart-1] + "c"},
	} {
		if found, compared := search(of.text, of.part); found || compared > 2*(len(of.text)+len(of.part)) {
			t.Errorf("%s: found %v with %d comparisons of %d bytes", name, found, compared, len(of.text))
		}
	}
}

// FuzzContains checks the condition of like: with folded texts.
func FuzzContains(f *testing.F) {
	for _, seed := range [][2]string{{"Straße", "STRASSE"}, {"100 %", "%"}, {"a_b", "_"}, {`a\b`, `\`}, {"Crème brûlée", "BRULEE"}, {"aaaab", strings.Repeat("a", 300) + "b"}, {"ﬁ", "fi"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, part string) {
		text, part = norm.Fold(text), norm.Fold(part)
		if got, want := Contains(text, part), strings.Contains(text, part); got != want {
			t.Fatalf("Contains(%q, %q) = %v, want %v", text, part, got, want)
		}
	})
}
