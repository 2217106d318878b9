package alike

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Key is a number that records have in common which may be of one person or company, with a sketch of
// the record by which most pairs are left out.
type Key struct {
	Hash   int64
	Sketch int64
}

// The sorts of keys. A sort is the highest bits of a hash, so the keys that say most come first.
const (
	byPhone = iota
	byMailbox
	byLabel // of a company's domain
	byName
	byDomain
	byCompany
	byBegin // of a company's name
	byEnd
	hashBits = 60
)

// Keys returns the keys of a record, sorted by hash, each once. There are at most maxKeys.
func (c *Card) Keys() (keys []Key) {
	add := func(sort int, text string, sketch int64) {
		k := Key{hashOf(sort, text), sketch}
		if text != "" && len(keys) < maxKeys && !slices.ContainsFunc(keys, func(other Key) bool { return other.Hash == k.Hash }) {
			keys = append(keys, k)
		}
	}
	sketch := c.name.sketch()
	add(byName, c.name.key, c.surroundings())
	if c.company != 0 {
		add(byCompany, strconv.FormatInt(c.company, 36), sketch)
	}
	for i := range min(maxOfSort, len(c.tails)) {
		add(byPhone, c.tails[i], sketch)
	}
	for i := range min(maxOfSort, len(c.mailboxes)) {
		add(byMailbox, c.mailboxes[i], sketch)
	}
	if c.Record.Entity.Name == "company" {
		for i := range min(maxOfSort, len(c.domains)) {
			add(byLabel, label(c.domains[i]), sketch)
		}
		begin, end := c.name.ends()
		add(byBegin, begin, sketch)
		add(byEnd, end, sketch)
	} else {
		for i := range min(maxOfSort, len(c.domains)) {
			add(byDomain, c.domains[i], sketch)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return cmp.Compare(a.Hash, b.Hash) })
	return keys
}

// maxKeys bounds the keys of a record, and maxOfSort those of one sort: a record with a hundred
// addresses is found by some of them.
const (
	maxKeys   = 16
	maxOfSort = 4
)

// hashOf returns the key of a text.
func hashOf(sort int, text string) int64 {
	h := fnv.New64a()
	h.Write([]byte(text)) // never fails
	var spread [8]byte
	binary.BigEndian.PutUint64(spread[:], h.Sum64())
	h.Write(spread[:])
	return int64(h.Sum64()&(1<<hashBits-1)) | int64(sort)<<hashBits
}

// sortOf returns the sort of a key.
func sortOf(hash int64) int { return int(hash >> hashBits) }

// label returns the part of a domain that its owner chose: acme of acme.co.uk.
func label(domain string) string {
	labels := strings.Split(domain, ".")
	at := len(labels) - 2
	if at > 0 && len(labels[at]) <= 3 && len(labels[at+1]) == 2 { // co.uk, com.au
		at--
	}
	return labels[max(0, at)]
}

// minEnds is how many letters a name of a company has at least of which a beginning or an end is a
// key, and endLetters how many letters these have.
const (
	minEnds    = 6
	endLetters = 4
)

// ends returns the first and the last letters of a name. One letter that is wrong is not in both.
func (n name) ends() (begin, end string) {
	letters := []rune(joined(n))
	if len(letters) < minEnds {
		return "", ""
	}
	return string(letters[:endLetters]), string(letters[len(letters)-endLetters:])
}

// The bits of the sketch of a name key: where else the record may be found.
const (
	isEmpty = 1 << iota
	hasCompany
	hasDomain
	isLong      // the name has three words or more
	isRest      // of companies
	titleAt = 8 // from here on 16 bits of a hash of the title; 0: it has none
)

// surroundings returns the sketch of a name key. People with one name are found by their company or
// domain. The name alone finds the others: records with nothing else, and one that has the
// company where the other has only an address of its domain. A name that few have finds people who moved.
func (c *Card) surroundings() (bits int64) {
	if c.Record.Entity.Name == "company" {
		return isRest
	}
	if c.isEmpty() {
		bits |= isEmpty
	}
	if c.company != 0 {
		bits |= hasCompany
	}
	if len(c.domains) > 0 {
		bits |= hasDomain
	}
	if len(c.name.words) > 2 {
		bits |= isLong
	}
	if c.title != "" {
		bits |= (hashOf(0, c.title)%(1<<16-1) + 1) << titleAt
	}
	return bits
}

// The parts of the sketch of a name, from the lowest bit.
const (
	letterBits = 26 // the letters that it has
	sizeBits   = 6  // how many letters
	hashesAt   = letterBits + sizeBits
)

// Sizes in sketches.
const (
	maxSize    = 31 // letters and more
	withDigits = 32 // from here on: a hash of the digits of a name that has some
)

// sketch returns 64 bits of a name: its letters, its size, and the hashes of its four longest words, 8
// bits each. The short form of a given name has the hash of the long one.
func (n name) sketch() int64 {
	var letters, hashes uint64
	for _, word := range n.words {
		for _, r := range word {
			if r < '0' || r > '9' {
				letters |= 1 << letterBit(r)
			}
		}
	}
	for i, word := range byLength(n.words) {
		if i < 4 && utf8.RuneCountInString(word) > 1 {
			hashes |= (uint64(hashOf(0, canonical(word)))%255 + 1) << (8 * i)
		}
	}
	return int64(hashes<<hashesAt | n.size()<<letterBits | letters)
}

// size returns the number of letters of a name, or a hash of its digits if it has some.
func (n name) size() uint64 {
	if n.digits != "" {
		return withDigits + uint64(hashOf(0, n.digits))%withDigits
	}
	return uint64(min(letters(n), maxSize))
}

// letterBit returns the bit of a letter. Letters beyond a to z share bits.
func letterBit(r rune) int {
	if r >= 'a' && r <= 'z' {
		return int(r - 'a')
	}
	return int(uint32(r) * 2654435761 >> 8 % letterBits)
}
