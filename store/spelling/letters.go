package spelling

import (
	"maps"
	"slices"
)

// A table of words cannot be searched by distance: nothing orders words so that similar ones are
// neighbours. But a word that is at most two edits away has nearly the same letters. So each word is
// stored with a number that says how many letters of each class it has, whatever their order. An
// edit adds a letter, takes one away, or does both, and exchanging two letters changes nothing. All
// numbers that two edits can lead to are a few thousand, and an index on the number finds the words:
// of half a million words some thousand, mostly fewer. Which of these are near is for Compare to say.

// letterClasses is how many classes of letters there are. With fewer, more words have the same
// number. With more, more numbers must be looked up: with 12 about 3,000 for a long word. classBits
// is how many bits a class has. The number of a word is a sum, so a word with more letters of a
// class than that can count still has the number that the edits lead to.
const (
	letterClasses = 12
	classBits     = 5
)

// letterCounts is how many letters of each class a word has.
type letterCounts [letterClasses]uint8

func countLetters(word string) (c letterCounts) {
	for _, r := range word {
		c[r%letterClasses]++
	}
	return c
}

// number returns one number for the counts.
func (c letterCounts) number() (sum int64) {
	for class, n := range c {
		sum += int64(n) << (classBits * class)
	}
	return sum
}

// eachEdit calls fn with the counts after each edit that changes them.
func (c letterCounts) eachEdit(fn func(letterCounts)) {
	for class := range c {
		more := c
		more[class]++
		fn(more)
		if c[class] == 0 {
			continue
		}
		less := c
		less[class]--
		fn(less)
		for other := range c {
			replaced := less
			replaced[other]++
			fn(replaced)
		}
	}
}

// Letters returns the number by which a word is found: see Search.Letters. The word has at most
// norm.MaxFuzzyLength bytes.
func Letters(word string) int64 { return countLetters(word).number() }

// Letters returns the numbers of all words that can be suggested, in ascending order. Compare needs
// no others. FindUnknown must have been called.
func (s *Search) Letters() []int64 {
	numbers := map[int64]bool{}
	for _, p := range s.parts {
		if p.matcher == nil {
			continue
		}
		for c := range near(p.text, p.matcher.Typos) {
			numbers[c.number()] = true
		}
	}
	return slices.Sorted(maps.Keys(numbers))
}

// near returns the counts of all words that are at most so many edits from a word.
func near(word string, edits int) map[letterCounts]bool {
	all := map[letterCounts]bool{countLetters(word): true}
	for range edits {
		for c := range maps.Clone(all) {
			c.eachEdit(func(next letterCounts) { all[next] = true })
		}
	}
	return all
}
