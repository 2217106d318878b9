package spelling

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"crmkit/crm/norm"
)

// FuzzLetters checks that the number of each word that is near enough to be suggested is one of
// those that are looked up.
func FuzzLetters(f *testing.F) {
	long := strings.Repeat("a", 32)
	for _, seed := range [][2]string{{"kowalski", "kowalksi"}, {"anna", "nana"}, {"anna", "ann"}, {"anna", "annna"}, {long, long + "am"}, {long, long[2:]}, {"иванов", "ивонав"}, {"日本電気", "日電本気"}, {"abcdefgh", "badcfehg"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, word, other string) {
		word, other = norm.Fold(word), norm.Fold(other)
		matcher := norm.NewFuzzyMatcher(word)
		if matcher == nil || matcher.Distance(other) > matcher.Typos {
			return
		}
		search := &Search{parts: []*part{{text: word}}}
		search.parts[0].prepare()
		if !slices.Contains(search.Letters(), Letters(other)) {
			t.Errorf("%q is near %q, but its letters are not looked up", other, word)
		}
	})
}

// TestLettersOfEdits makes random edits, which random pairs of words rarely are.
func TestLettersOfEdits(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	letter := func() rune { return []rune("abcdefghijklmnopqrstuvwxyzßжи日本")[random.IntN(31)] }
	for range 500 {
		word := make([]rune, 4+random.IntN(29))
		for i := range word {
			word[i] = letter()
		}
		search := &Search{parts: []*part{{text: string(word)}}}
		search.parts[0].prepare()
		numbers := search.Letters()
		for range 20 {
			other := slices.Clone(word)
			for range search.parts[0].matcher.Typos {
				switch at := random.IntN(len(other)); random.IntN(4) {
				case 0:
					other[at] = letter()
				case 1:
					other = slices.Delete(other, at, at+1)
				case 2:
					other = slices.Insert(other, at, letter())
				case 3:
					next := (at + 1) % len(other)
					other[at], other[next] = other[next], other[at]
				}
			}
			if _, found := slices.BinarySearch(numbers, Letters(string(other))); !found {
				t.Fatalf("%q is some edits from %q, but its letters are not looked up", string(other), string(word))
			}
		}
	}
}

// TestLettersAreFew checks how many numbers are looked up, and that no word of a record has a number
// that does not fit.
func TestLettersAreFew(t *testing.T) {
	for word, most := range map[string]int{"anna": 100, "kowalsk": 150, "kowalski": 4000, "donaudampfschifffahrtsgesellschft": 0, "donaudampfschifffahrtsgesellscht": 5000} {
		search := &Search{parts: []*part{{text: word}}}
		search.parts[0].prepare()
		if n := len(search.Letters()); n > most || n == 0 && most > 0 {
			t.Errorf("for %q %d numbers are looked up, at most %d are wanted", word, n, most)
		}
	}
	last := string(rune('k')) // of the class with the highest bits
	if n := Letters(strings.Repeat(last, norm.MaxFuzzyLength)); n <= 0 || n > math.MaxInt64/33*32 || Letters(last) != 1<<(classBits*(letterClasses-1)) {
		t.Errorf("the letters of a long word are %d", n)
	}
}
