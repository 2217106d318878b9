package query

import "unicode/utf8"

// FuzzyMatcher finds words that differ from one in a letter or two: a letter left out, put
// in, taken for another, or two next to each other exchanged, each once (optimal string
// alignment). It must not be used by several goroutines at once.
type FuzzyMatcher struct {
	Typos    int // that are forgiven
	size     int // letters
	ascii    [128]uint64
	nonASCII map[rune]uint64
}

// The bytes of words that others can be misspellings of.
const (
	MinFuzzyLength = oneTypo - 1
	MaxFuzzyLength = 4 * (maxSpell + 2)
)

// The fewest letters of a word in which one typo is forgiven, and two.
const (
	oneTypo  = 4
	twoTypos = 8
	maxSpell = 32
)

// NewFuzzyMatcher returns the spelling of a folded word, nil where no typos are forgiven: in
// short words, in those with digits, of which one more or less names another thing, and
// in such as no name is long.
func NewFuzzyMatcher(word string) *FuzzyMatcher {
	s := &FuzzyMatcher{}
	for _, r := range word {
		if s.size == maxSpell || r >= '0' && r <= '9' {
			return nil
		}
		s.set(r, s.get(r)|1<<s.size)
		s.size++
	}
	switch {
	case s.size < oneTypo:
		return nil
	case s.size < twoTypos:
		s.Typos = 1
	default:
		s.Typos = 2
	}
	return s
}

func (s *FuzzyMatcher) set(r rune, bits uint64) {
	if r < utf8.RuneSelf {
		s.ascii[r] = bits
		return
	}
	if s.nonASCII == nil {
		s.nonASCII = map[rune]uint64{}
	}
	s.nonASCII[r] = bits
}

func (s *FuzzyMatcher) get(r rune) uint64 {
	if r < utf8.RuneSelf {
		return s.ascii[r]
	}
	return s.nonASCII[r]
}

// Distance returns how many typos lie between the word and another; more than Typos
// stands for any number above. The other is folded text without blanks.
//
// It works on all letters of the word at once: Hyyrö, "A bit-vector algorithm for
// computing Levenshtein and Damerau edit distances" (2003).
func (s *FuzzyMatcher) Distance(word string) int {
	if len(word) > 4*(s.size+s.Typos) || len(word) < s.size-s.Typos {
		return s.Typos + 1
	}
	last, distance, length := uint64(1)<<(s.size-1), s.size, 0
	vp, vn, d0, before := ^uint64(0), uint64(0), uint64(0), uint64(0)
	for _, r := range word {
		match := s.get(r)
		exchanged := ((^d0 & match) << 1) & before
		d0 = (((match & vp) + vp) ^ vp) | match | vn | exchanged
		hp, hn := vn|^(d0|vp), d0&vp
		if hp&last != 0 {
			distance++
		}
		if hn&last != 0 {
			distance--
		}
		hp, hn = hp<<1|1, hn<<1
		vp, vn = hn|^(d0|hp), hp&d0
		before = match
		if length++; length > s.size+s.Typos {
			break
		}
	}
	return min(distance, s.Typos+1)
}
