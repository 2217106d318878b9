package store

import (
	"bytes"
	"math/bits"
	"slices"

	"crmkit/query"
)

// segmentRows is how many records a block holds: as many as a mask has bits.
const segmentRows = 64

// segment is what search= reads of records with consecutive numbers. It never changes.
type segment struct {
	text []byte              // row after row; each field, folded, ends with a line feed
	ends [segmentRows]uint32 // of the rows
	at   [segmentRows]int64  // when each was updated last
	refs []uint32            // record numbers, those of one row after those of another; 0: unset
}

// document is one row of a block. Without text the record is not there.
type document struct {
	number int64 // of the record
	text   []byte
	at     int64
	refs   []uint32
}

// row returns the text of a row.
func (b *segment) row(i int) []byte {
	if i == 0 {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[i-1]:b.ends[i]]
}

// label returns the first field of a row, which is what the record is called.
func label(row []byte) []byte {
	name, _, _ := bytes.Cut(row, []byte{'\n'})
	return name
}

// withRows returns a block in which some rows are others. b may be nil.
func (b *segment) withRows(lines []document, refs int) *segment {
	if b == nil {
		b = &segment{refs: make([]uint32, refs*segmentRows)}
	}
	size := len(b.text)
	for _, l := range lines {
		size += len(l.text)
	}
	next := &segment{text: make([]byte, 0, size), at: b.at, refs: slices.Clone(b.refs)}
	fresh := [segmentRows]*document{}
	for i := range lines {
		slot := lines[i].number % segmentRows
		fresh[slot], next.at[slot] = &lines[i], lines[i].at
		copy(next.refs[int(slot)*refs:], lines[i].refs)
	}
	for i := range segmentRows {
		text := b.row(i)
		if fresh[i] != nil {
			text = fresh[i].text
		}
		next.text = append(next.text, text...)
		next.ends[i] = uint32(len(next.text))
	}
	return next
}

// rows returns a mask of the rows that are there.
func (b *segment) rows() (mask uint64) {
	start := uint32(0)
	for i, end := range b.ends {
		if end > start {
			mask |= 1 << i
		}
		start = end
	}
	return mask
}

// bytes returns about how much memory the block takes.
func (b *segment) bytes() int64 { return int64(cap(b.text) + 4*len(b.refs) + 12*segmentRows + 96) }

// scan returns a mask of the rows that hold the text and pass the test.
func (b *segment) scan(f substringFinder, pass func(row int) bool) (mask uint64) {
	row := 0
	for at := 0; ; at = int(b.ends[row]) {
		i := f.index(b.text[at:])
		if i < 0 {
			return mask
		}
		for at += i; int(b.ends[row]) <= at; row++ {
		}
		if pass == nil || pass(row) {
			mask |= 1 << row
		}
	}
}

// term is a form of a word, to be looked for in the fields of rows.
type term struct {
	byField []substringFinder // of which one must stand somewhere in the row
	label   [][]byte          // the text by field; nil where it is the same in all
}

func (s indexedFields) term(form query.Variant) (n term) {
	n.byField = []substringFinder{{text: []byte(form.Fold)}}
	if form.Same() {
		return n
	}
	for _, f := range s.Own {
		text := []byte(form.MatchesText(f.Type))
		n.label = append(n.label, text)
		if len(text) > 0 && !slices.ContainsFunc(n.byField, func(f substringFinder) bool { return bytes.Equal(f.text, text) }) {
			n.byField = append(n.byField, substringFinder{text: text})
		}
	}
	return n
}

// in reports whether a row holds the needle.
func (n term) in(row []byte) bool {
	if n.label == nil {
		return bytes.Contains(row, n.byField[0].text)
	}
	for _, text := range n.label {
		field, rest, _ := bytes.Cut(row, []byte{'\n'})
		if len(text) > 0 && bytes.Contains(field, text) {
			return true
		}
		row = rest
	}
	return false
}

// find returns a mask of those of some rows that hold one of the needles.
func (b *segment) find(needles []term, among uint64) (mask uint64) {
	if bits.OnesCount64(among) <= segmentRows/4 { // quicker one by one
		for m := among; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			if row := b.row(i); slices.ContainsFunc(needles, func(n term) bool { return n.in(row) }) {
				mask |= 1 << i
			}
		}
		return mask
	}
	for _, n := range needles {
		for _, f := range n.byField {
			var pass func(int) bool
			if n.label != nil {
				pass = func(i int) bool { return n.in(b.row(i)) }
			}
			mask |= b.scan(f, pass)
		}
	}
	return mask & among
}

// matchLabel returns a mask of the rows that are called by one of the needles.
func (b *segment) matchLabel(needles []term) (mask uint64) {
	for _, n := range needles {
		mask |= b.scan(n.byField[0], func(i int) bool { return bytes.Contains(label(b.row(i)), n.byField[0].text) })
	}
	return mask
}

// matchRefs returns a mask of those of some rows one of whose references of a position
// leads to a record of a set.
func (b *segment) matchRefs(position, refs int, to []uint64, among uint64) (mask uint64) {
	for m := among; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		number := b.refs[i*refs+position]
		if at := int(number / segmentRows); number != 0 && at < len(to) && to[at]&(1<<(number%segmentRows)) != 0 {
			mask |= 1 << i
		}
	}
	return mask
}
