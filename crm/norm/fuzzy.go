package norm

import "unicode/utf8"

// FuzzyMatcher finds words that are misspellings of one word, as pattern counts
// typos. It does not change once it is made.
type FuzzyMatcher struct {
	Typos   int // how many are forgiven
	pattern *pattern
}

// The fewest letters of a word in which one typo is forgiven, and two; and the most
// letters of a word that can be misspelled, since no name is longer.
const (
	oneTypo  = 4
	twoTypos = 8
	maxFuzzy = 32
)

// The fewest and the most bytes of a word that can be a misspelling of another.
const (
	MinFuzzyLength = oneTypo - 1
	MaxFuzzyLength = utf8.UTFMax * (maxFuzzy + 2)
)

// NewFuzzyMatcher returns the matcher of a folded word. It is nil for words in which no
// typos are forgiven: short ones, those longer than any name, and those with digits,
// where one digit more or less names another thing.
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

// Distance returns how many typos there are between the word and another, or Typos+1 if
// there are more than Typos. The other is folded text without blanks.
func (m *FuzzyMatcher) Distance(word string) int { return m.pattern.distance(word, m.Typos) }
