package alike

import "math/bits"

// mayAgree reports whether two records with a common key may be called duplicates, by their
// sketches. It is right about those that may not. size is how many records have the key.
func mayAgree(a, b Key, size int) bool {
	switch sortOf(a.Hash) {
	case byName:
		return size <= rareName || mayBeElsewhere(a.Sketch, b.Sketch)
	case byPhone, byMailbox, byLabel: // one record may have no name
		return true
	}
	return namesMayAgree(a.Sketch, b.Sketch)
}

// mayBeElsewhere reports whether two records with the same name are compared because of the name
// alone, see surroundings.
func mayBeElsewhere(a, b int64) bool {
	if (a|b)&(isEmpty|isRest) != 0 {
		return true
	}
	const both = hasCompany | hasDomain
	return a&both == hasCompany && b&both == hasDomain || a&both == hasDomain && b&both == hasCompany
}

// namesMayAgree reports whether two names with the sketches may agree. Two edits leave at most two
// letters in each name that the other lacks. If a word is the same, the other words of one name may
// be missing, or stand as initials.
func namesMayAgree(a, b int64) bool {
	const letters = 1<<32 - 1
	left, right := bits.OnesCount64(uint64(a&^b)&letters), bits.OnesCount64(uint64(b&^a)&letters)
	if left <= 2 && right <= 2 {
		return true
	}
	return (left <= 2 || right <= 2) && shareWord(uint64(a)>>32, uint64(b)>>32)
}

// shareWord reports whether one of four hashes is one of four others. 0 is no hash.
func shareWord(a, b uint64) bool {
	for ; a != 0; a >>= 8 {
		for rest := b; rest != 0; rest >>= 8 {
			if a&255 != 0 && a&255 == rest&255 {
				return true
			}
		}
	}
	return false
}
