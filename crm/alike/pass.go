package alike

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Row is a key of a record.
type Row struct {
	Key
	Record int64
}

// Place is a place in a pass: the rows up to the record of the hash are done, and of the block of
// records with the hash In, which follows, the pairs up to A and B.
type Place struct {
	Hash, Record int64
	In, A, B     int64
}

// Pair is two records that may be of one person or company. A has the smaller key: it was made first.
type Pair struct {
	A, B *Card
	Finding
}

// Pass goes through all keys of a kind in their order, and finds the pairs of likely duplicates. It
// keeps a page of keys in memory, and another pass can go on from its Place. Two records that have
// several keys in common are compared at each, and reported at the first.
type Pass struct {
	Source Source
	Place  Place     // up to which all pairs were found
	Done   bool      // no key is left
	Large  []Row     // a row of each key that more records have than are compared
	Until  time.Time // when Next ends, with all pairs or not
	rows   []Row     // the next ones
	last   bool      // no others follow these
	ahead  Place     // up to which candidates were taken
}

// The bounds of a pass.
const (
	pageRows    = 5000 // read at once
	batchPairs  = 1000 // compared at once
	MaxAlike    = 200  // records with one number, mailbox or name; if more have it, it says nothing of them
	maxTogether = 5000 // records with one company or domain that are compared with each other
)

// Said says what the records with a key have in common, of which there are more than are compared.
func (r Row) Said(plural, handle string) string {
	what := [...]string{"the phone number", "the mailbox", "the domain name", "the name", "the domain", "the company", "the beginning of the name", "the end of the name"}[sortOf(r.Hash)]
	if most := maxBlock(r.Hash); most == MaxAlike {
		return fmt.Sprintf("more than %d %s have %s of %s; they are not compared by it", most, plural, what, handle)
	}
	return fmt.Sprintf("more than %d %s have %s of %s; they are compared in parts", maxTogether, plural, what, handle)
}

// maxBlock returns how many records with a key are compared.
func maxBlock(hash int64) int {
	if sortOf(hash) <= byName {
		return MaxAlike
	}
	return maxTogether
}

// candidate is a pair of records to be compared.
type candidate struct {
	a, b      Row
	namesakes int   // see Compare, if they have a name in common
	done      Place // once they are compared
}

// Next returns the next pairs, at most so many; fewer if no key is left, or if the time is over.
func (p *Pass) Next(most int) (pairs []Pair, err error) {
	for len(pairs) < most && !p.Done {
		p.ahead = p.Place
		batch, err := p.candidates()
		if err != nil {
			return nil, err
		}
		found, err := p.compare(batch)
		if err != nil {
			return nil, err
		}
		for i, pair := range found {
			if pair.Verdict == None {
				continue
			}
			if pairs = append(pairs, pair); len(pairs) == most {
				p.Place, p.Done = batch[i].done, false
				return pairs, nil
			}
		}
		p.Place = p.ahead
		if time.Now().After(p.Until) {
			break
		}
	}
	return pairs, nil
}

// candidates returns the next pairs whose sketches may agree.
func (p *Pass) candidates() (batch []candidate, err error) {
	for len(batch) < batchPairs && !p.Done {
		block, err := p.block()
		if err != nil {
			return nil, err
		}
		if batch, err = p.pairsOf(block, batch); err != nil || len(batch) == batchPairs {
			return batch, err
		}
		if n := len(block); n > 0 {
			p.ahead = Place{Hash: block[n-1].Hash, Record: block[n-1].Record}
			p.rows = p.rows[n:]
		}
		if len(p.rows) == 0 && time.Now().After(p.Until) {
			break
		}
	}
	return batch, nil
}

// pairsOf adds the candidates of a block that are not compared yet, until the batch is full.
func (p *Pass) pairsOf(block []Row, batch []candidate) ([]candidate, error) {
	star, err := starOf(p.Source, block)
	if err != nil {
		return nil, err
	}
	begin, second, namesakes := 0, int64(0), countNamesakes(block)
	if len(block) > 0 && p.ahead.In == block[0].Hash {
		second = p.ahead.B
		for begin < len(block) && block[begin].Record < p.ahead.A {
			begin++
		}
	}
	for i := begin; i < len(block); i++ {
		for j := i + 1; j < len(block); j++ {
			a, b := block[i], block[j]
			if a.Record == p.ahead.A && b.Record <= second || !mayAgree(a.Key, b.Key, namesakes) || !star.has(a, b) {
				continue
			}
			done := Place{Hash: p.ahead.Hash, Record: p.ahead.Record, In: a.Hash, A: a.Record, B: b.Record}
			if batch = append(batch, candidate{a, b, namesakes, done}); len(batch) == batchPairs {
				p.ahead = done
				return batch, nil
			}
		}
	}
	return batch, nil
}

// block returns the next rows with one hash, which are the first of p.rows. Those of a hash that too
// many records have are passed over, or come in parts.
func (p *Pass) block() ([]Row, error) {
	for {
		n := 0
		for n < len(p.rows) && p.rows[n].Hash == p.rows[0].Hash {
			n++
		}
		most := maxTogether
		if n > 0 {
			most = maxBlock(p.rows[0].Hash)
		}
		switch {
		case n == len(p.rows) && n <= most && !p.last:
			if err := p.read(); err != nil {
				return nil, err
			}
		case n == 0:
			p.Done = true
			return nil, nil
		case n <= most:
			return p.rows[:n], nil
		default:
			p.noteLarge(p.rows[0])
			if most == maxTogether {
				return p.rows[:most], nil
			}
			p.ahead = Place{Hash: p.rows[0].Hash, Record: math.MaxInt64}
			if p.rows = p.rows[n:]; len(p.rows) == 0 {
				p.last = false // of this hash more may follow, which are passed over too
			}
		}
	}
}

// read reads the next rows.
func (p *Pass) read() error {
	after := Place{Hash: p.ahead.Hash, Record: p.ahead.Record}
	if n := len(p.rows); n > 0 {
		after = Place{Hash: p.rows[n-1].Hash, Record: p.rows[n-1].Record}
	}
	more, err := p.Source.Rows(after, pageRows)
	p.rows, p.last = append(slices.Clone(p.rows), more...), len(more) < pageRows
	return err
}

func (p *Pass) noteLarge(row Row) {
	if n := len(p.Large); n == 0 || p.Large[n-1].Hash != row.Hash {
		p.Large = append(p.Large, row)
	}
}

// compare returns a pair for each candidate, with the verdict None if it is not reported here.
func (p *Pass) compare(batch []candidate) ([]Pair, error) {
	var records []int64
	for _, c := range batch {
		records = append(records, c.a.Record, c.b.Record)
	}
	slices.Sort(records)
	cards, err := p.Source.Cards(slices.Compact(records))
	if err != nil {
		return nil, err
	}
	if err := addDomains(p.Source, cards, batch); err != nil {
		return nil, err
	}
	pairs, earlier := make([]Pair, len(batch)), map[int][]int64{}
	for i, c := range batch {
		a, b := cards[c.a.Record], cards[c.b.Record]
		pairs[i] = Pair{a, b, Finding{Verdict: None}}
		if a == nil || b == nil {
			continue
		}
		if pairs[i].Finding = Compare(a, b, c.namesakes); pairs[i].Verdict != None {
			earlier[i] = commonKeys(a, b, c.a.Hash)
			if isRareName(c) && len(commonKeys(a, b, math.MaxInt64)) > 0 {
				pairs[i].Verdict = None // they are reported at that key
			}
		}
	}
	if err := p.dropReported(pairs, earlier); err != nil {
		return nil, err
	}
	return pairs, p.dropDismissed(pairs)
}

// dropDismissed takes out the pairs that somebody said are different.
func (p *Pass) dropDismissed(pairs []Pair) error {
	var keys [][2]int64
	for _, pair := range pairs {
		if pair.Verdict != None {
			keys = append(keys, [2]int64{pair.A.Key, pair.B.Key})
		}
	}
	dismissed, err := p.Source.Dismissed(keys)
	for i, pair := range pairs {
		if pair.Verdict != None && dismissed[[2]int64{pair.A.Key, pair.B.Key}] {
			pairs[i].Verdict = None
		}
	}
	return err
}

// dropReported takes out the pairs that were reported at an earlier key which they have in common,
// unless too many records have that key.
func (p *Pass) dropReported(pairs []Pair, earlier map[int][]int64) error {
	large := map[int64]bool{}
	for _, most := range []int{MaxAlike, maxTogether} {
		var hashes []int64
		for _, keys := range earlier {
			hashes = append(hashes, slices.DeleteFunc(slices.Clone(keys), func(hash int64) bool { return maxBlock(hash) != most })...)
		}
		slices.Sort(hashes)
		found, err := p.Source.Large(slices.Compact(hashes), most)
		if err != nil {
			return err
		}
		for _, hash := range found {
			large[hash] = true
		}
	}
	for i, keys := range earlier {
		if slices.ContainsFunc(keys, func(hash int64) bool { return !large[hash] }) {
			pairs[i].Verdict = None
		}
	}
	return nil
}

// isRareName reports whether two records are compared only because no others have their name.
func isRareName(c candidate) bool {
	return sortOf(c.a.Hash) == byName && !mayBeElsewhere(c.a.Sketch, c.b.Sketch)
}

// commonKeys returns the keys before one at which two records are compared, however many
// others have them.
func commonKeys(a, b *Card, before int64) (hashes []int64) {
	for _, key := range a.Keys() {
		for _, other := range b.Keys() {
			if key.Hash == other.Hash && key.Hash < before && mayAgree(key, other, math.MaxInt) {
				hashes = append(hashes, key.Hash)
			}
		}
	}
	return hashes
}
