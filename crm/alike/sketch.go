package alike

import "math/bits"

// mayAgree reports whether two records with a common key may be called duplicates, by their
// sketches. It is right about those that may not. namesakes is how many have the key, see Compare.
func mayAgree(a, b Key, namesakes int) bool {
	switch sortOf(a.Hash) {
	case byName:
		if (a.Sketch^b.Sketch)&isEmpty != 0 { // one could be any of the others
			return namesakes <= rareName
		}
		return mayBeElsewhere(a.Sketch, b.Sketch) || namesakes <= rareName && mayHaveMoved(a.Sketch, b.Sketch)
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

// mayHaveMoved reports whether two records with the same name, which few have, may be of one person at
// two companies.
func mayHaveMoved(a, b int64) bool {
	one, other := a>>titleAt, b>>titleAt
	return a&b&hasCompany != 0 && (one == other && one != 0 || a&b&isLong != 0 && (one == 0 || other == 0))
}

// namesMayAgree reports whether two names with the sketches may agree. With the same words, or short
// forms of them, they do. Two edits change the length by at most two, and leave at most two letters in
// each name that the other lacks. If a word is the same, the other words of one name may be missing,
// or stand as initials; then it has fewer whole words. Two names with other numbers do not agree.
func namesMayAgree(a, b int64) bool {
	one, other := uint64(a)>>hashesAt, uint64(b)>>hashesAt
	size, otherSize := sizeOf(a), sizeOf(b)
	if size >= withDigits && otherSize >= withDigits && size != otherSize {
		return false
	}
	const letters = 1<<letterBits - 1
	left, right := bits.OnesCount64(uint64(a&^b)&letters), bits.OnesCount64(uint64(b&^a)&letters)
	isNear := max(size, otherSize)-min(size, otherSize) <= 2 || max(size, otherSize) >= maxSize
	if left <= 2 && right <= 2 && isNear {
		return true
	}
	words, otherWords := hashed(one), hashed(other)
	if words == otherWords {
		return commonHashes(one, other) == words
	}
	return (left <= 2 || right <= 2) && commonHashes(one, other) > 0
}

// sizeOf returns the size in a sketch, see name.size.
func sizeOf(sketch int64) int { return int(sketch>>letterBits) & (1<<sizeBits - 1) }

// hashed returns how many of four hashes there are; 0 is no hash.
func hashed(hashes uint64) (n int) {
	for ; hashes != 0; hashes >>= 8 {
		if hashes&255 != 0 {
			n++
		}
	}
	return n
}

// commonHashes returns how many of four hashes are among four others.
func commonHashes(a, b uint64) (n int) {
	for ; a != 0; a >>= 8 {
		for rest := b; rest != 0 && a&255 != 0; rest >>= 8 {
			if a&255 == rest&255 {
				n++
				break
			}
		}
	}
	return n
}
