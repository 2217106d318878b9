package norm

import "unicode/utf8"

// FuzzyMatcher finds misspellings of one word. It does not change after NewFuzzyMatcher, so any
// number of goroutines may use it.
type FuzzyMatcher struct {
	Typos   int // maximum number of edits, see pattern.distance
	pattern *pattern
}

// The numbers of letters from which one typo and two typos are allowed, and the number above
// which none is, since no name is longer. In a shorter word one edit makes another word.
const (
	oneTypo  = 4
	twoTypos = 8
	maxFuzzy = 32
)

// The minimum and maximum length, in bytes, of a misspelling that a FuzzyMatcher can find.
const (
	MinFuzzyLength = oneTypo - 1
	MaxFuzzyLength = utf8.UTFMax * (maxFuzzy + 2)
)

// NewFuzzyMatcher returns the matcher of a folded word. It is nil for words in which no typos
// are allowed: words that are too short or too long, and words with digits, because another
// digit means another thing.
func NewFuzzyMatcher(word string) *FuzzyMatcher {
	letters := 0
	for _, r := range word {
		if letters == maxFuzzy || r >= '0' && r <= '9' {
			return nil
		}
		letters++
	}
	switch {
	case letters < oneTypo:
		return nil
	case letters < twoTypos:
		return &FuzzyMatcher{1, newPattern(word)}
	}
	return &FuzzyMatcher{2, newPattern(word)}
}

// Distance returns the number of edits between the word and another folded word, or Typos+1 if
// there are more than Typos.
func (m *FuzzyMatcher) Distance(word string) int { return m.pattern.distance(word, m.Typos) }
