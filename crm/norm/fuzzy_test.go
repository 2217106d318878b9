package norm

import (
	"testing"
)

// apart returns the distance by the textbook algorithm.
func apart(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j
			case j > 0:
				same := 1
				if a[i-1] == b[j-1] {
					same = 0
				}
				d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+same)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return d[len(a)][len(b)]
}

// FuzzDistance compares distances with the textbook algorithm.
func FuzzDistance(f *testing.F) {
	for _, seed := range [][2]string{
		{"kowalski", "kowalksi"}, {"kowalski", "kowalsky"}, {"anna", "ana"}, {"anna", "annna"}, {"anna", "nana"}, {"corporation", "coroporatoin"},
		{"muller", "mulller"}, {"иванов", "ивонав"}, {"日本電気", "日電本気"}, {"acme", ""}, {"abcdefgh", "badcfehg"}, {"jane", "jan"}, {"abcd", "ca"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, word, other string) {
		word, other = Fold(word), Fold(other)
		s := NewFuzzyMatcher(word)
		if s == nil {
			return
		}
		want := min(apart([]rune(word), []rune(other)), s.Typos+1)
		if got := s.Distance(other); got != want {
			t.Errorf("%q and %q are %d apart, not %d", word, other, want, got)
		}
	})
}

// TestTyposByWordLength checks how many typos are allowed by the length of a word.
func TestTyposByWordLength(t *testing.T) {
	for word, want := range map[string]int{"bob": 0, "anna": 1, "kowalsk": 1, "kowalski": 2, "q3report": 0, "12345678": 0, "мама": 1} {
		got := 0
		if s := NewFuzzyMatcher(word); s != nil {
			got = s.Typos
		}
		if got != want {
			t.Errorf("%q forgives %d typos, want %d", word, got, want)
		}
	}
}
