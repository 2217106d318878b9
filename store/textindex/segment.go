package textindex

import (
	"bytes"
	"math/bits"
	"slices"
)

// segmentRows is how many records a segment has: as many as a mask has bits.
const segmentRows = 64

// segment is the searched text of records with consecutive numbers. It never changes, so searches
// read it without a lock.
type segment struct {
	text      []byte              // row after row; each field, folded, ends with a line feed
	ends      [segmentRows]uint32 // the end of each row in text
	updatedAt [segmentRows]int64
	refs      []uint32 // record numbers, those of one row after those of another; 0: unset
}

// segments are the rows of an index, by record number. A segment without rows is nil.
type segments []*segment

// row returns the text of a row.
func (s *segment) row(i int) []byte {
	if i == 0 {
		return s.text[:s.ends[0]]
	}
	return s.text[s.ends[i-1]:s.ends[i]]
}

// label returns the first field of a row, which is the label of the record: each entity
// that others refer to is searched by its label first.
func label(row []byte) []byte {
	name, _, _ := bytes.Cut(row, []byte{'\n'})
	return name
}

// withRows returns a copy of a segment, which may be nil, with some rows replaced.
func (s *segment) withRows(docs []document, refs int) *segment {
	if s == nil {
		s = &segment{refs: make([]uint32, refs*segmentRows)}
	}
	size := len(s.text)
	for _, d := range docs {
		size += len(d.text)
	}
	next := &segment{text: make([]byte, 0, size), updatedAt: s.updatedAt, refs: slices.Clone(s.refs)}
	replaced := [segmentRows]*document{}
	for i := range docs {
		slot := docs[i].number % segmentRows
		replaced[slot], next.updatedAt[slot] = &docs[i], docs[i].updatedAt
		copy(next.refs[int(slot)*refs:], docs[i].refs)
	}
	for i := range segmentRows {
		text := s.row(i)
		if replaced[i] != nil {
			text = replaced[i].text
		}
		next.text = append(next.text, text...)
		next.ends[i] = uint32(len(next.text))
	}
	return next
}

// rows returns a mask of the records that exist.
func (s *segment) rows() (mask uint64) {
	start := uint32(0)
	for i, end := range s.ends {
		if end > start {
			mask |= 1 << i
		}
		start = end
	}
	return mask
}

// size returns about how much memory the segment takes.
func (s *segment) size() int64 { return int64(cap(s.text) + 4*len(s.refs) + 12*segmentRows + 96) }

// scan returns a mask of the rows that contain the text and pass the test. A nil test passes all.
func (s *segment) scan(f substringFinder, pass func(row int) bool) (mask uint64) {
	row := 0
	for at := 0; ; at = int(s.ends[row]) {
		i := f.index(s.text[at:])
		if i < 0 {
			return mask
		}
		for at += i; int(s.ends[row]) <= at; row++ {
		}
		if pass == nil || pass(row) {
			mask |= 1 << row
		}
	}
}

// find returns a mask of the given rows that contain one of the terms.
func (s *segment) find(terms []term, among uint64) (mask uint64) {
	if bits.OnesCount64(among) <= segmentRows/4 { // one by one is faster
		for m := among; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			if row := s.row(i); slices.ContainsFunc(terms, func(t term) bool { return t.in(row) }) {
				mask |= 1 << i
			}
		}
		return mask
	}
	for _, t := range terms {
		for _, f := range t.finders {
			var pass func(int) bool
			if t.perField != nil {
				pass = func(i int) bool { return t.in(s.row(i)) }
			}
			mask |= s.scan(f, pass)
		}
	}
	return mask & among
}

// matchLabel returns a mask of the rows whose label contains one of the terms.
func (s *segment) matchLabel(terms []term) (mask uint64) {
	for _, t := range terms {
		mask |= s.scan(t.finders[0], func(i int) bool { return bytes.Contains(label(s.row(i)), t.finders[0].text) })
	}
	return mask
}

// matchRefs returns a mask of the given rows whose reference leads to one of the target's records.
func (s *segment) matchRefs(ref reference, among uint64) (mask uint64) {
	for m := among; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		number := s.refs[i*ref.of+ref.position]
		if at := int(number / segmentRows); number != 0 && at < len(ref.targets) && ref.targets[at]&(1<<(number%segmentRows)) != 0 {
			mask |= 1 << i
		}
	}
	return mask
}

// reference is one of the references of a row, and a set of records that it may lead to.
type reference struct {
	position, of int      // which one, of how many
	targets      []uint64 // masks by segment; nil: no records
}
