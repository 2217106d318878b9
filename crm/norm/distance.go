package norm

import "unicode/utf8"

// pattern is a word that is prepared for computing its edit distance to other words. It has at
// most 64 letters, since each letter is a bit of a machine word.
type pattern struct {
	size     int // letters
	ascii    [utf8.RuneSelf]uint64
	nonASCII map[rune]uint64
}

// newPattern prepares a word of at most 64 letters.
func newPattern(word string) *pattern {
	p := &pattern{}
	for _, r := range word {
		p.add(r)
	}
	return p
}

// add appends a letter to the word.
func (p *pattern) add(r rune) {
	bit := uint64(1) << p.size
	p.size++
	if r < utf8.RuneSelf {
		p.ascii[r] |= bit
		return
	}
	if p.nonASCII == nil {
		p.nonASCII = map[rune]uint64{}
	}
	p.nonASCII[r] |= bit
}

// places returns the positions of a letter in the word, as bits.
func (p *pattern) places(r rune) uint64 {
	if r < utf8.RuneSelf {
		return p.ascii[r]
	}
	return p.nonASCII[r]
}

// distance returns the number of edits between the word and another: letters that are left
// out, added or replaced, and neighbours that are exchanged, where each letter is edited at
// most once (optimal string alignment). It returns most+1 if there are more than most.
//
// The algorithm computes a column of the distance matrix at once: Hyyrö, "A bit-vector
// algorithm for computing Levenshtein and Damerau edit distances" (2003).
func (p *pattern) distance(word string, most int) int {
	if len(word) > utf8.UTFMax*(p.size+most) || len(word) < p.size-most {
		return most + 1
	}
	last, distance, length := uint64(1)<<(p.size-1), p.size, 0
	vp, vn, d0, before := ^uint64(0), uint64(0), uint64(0), uint64(0)
	for _, r := range word {
		match := p.places(r)
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
		if length++; length > p.size+most {
			break
		}
	}
	return min(distance, most+1)
}

// Distance returns the number of edits between two folded words, the first of 1 to 64 letters; most+1 if more.
func Distance(word, other string, most int) int { return newPattern(word).distance(other, most) }
