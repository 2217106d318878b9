package store

import (
	"bytes"
	"math/bits"
	"slices"

	"crmkit/query"
)

// blockRows is how many records a block holds: as many as a mask has bits.
const blockRows = 64

// block is what search= reads of records with consecutive numbers. It never changes.
type block struct {
	text []byte            // row after row; each field, folded, ends with a line feed
	ends [blockRows]uint32 // of the rows
	at   [blockRows]int64  // when each was updated last
	refs []uint32          // record numbers, those of one row after those of another; 0: unset
}

// line is one row of a block. Without text the record is not there.
type line struct {
	number int64 // of the record
	text   []byte
	at     int64
	refs   []uint32
}

// row returns the text of a row.
func (b *block) row(i int) []byte {
	if i == 0 {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[i-1]:b.ends[i]]
}

// called returns the first field of a row, which is what the record is called.
func called(row []byte) []byte {
	name, _, _ := bytes.Cut(row, []byte{'\n'})
	return name
}

// with returns a block in which some rows are others. b may be nil.
func (b *block) with(lines []line, refs int) *block {
	if b == nil {
		b = &block{refs: make([]uint32, refs*blockRows)}
	}
	size := len(b.text)
	for _, l := range lines {
		size += len(l.text)
	}
	next := &block{text: make([]byte, 0, size), at: b.at, refs: slices.Clone(b.refs)}
	fresh := [blockRows]*line{}
	for i := range lines {
		slot := lines[i].number % blockRows
		fresh[slot], next.at[slot] = &lines[i], lines[i].at
		copy(next.refs[int(slot)*refs:], lines[i].refs)
	}
	for i := range blockRows {
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
func (b *block) rows() (mask uint64) {
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
func (b *block) bytes() int64 { return int64(cap(b.text) + 4*len(b.refs) + 12*blockRows + 96) }

// scan returns a mask of the rows that hold the text and pass the test.
func (b *block) scan(f finder, pass func(row int) bool) (mask uint64) {
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

// needle is a form of a word, to be looked for in the fields of rows.
type needle struct {
	texts []finder // of which one must stand somewhere in the row
	own   [][]byte // the text by field; nil where it is the same in all
}

func (s searched) needle(form query.Form) (n needle) {
	n.texts = []finder{{text: []byte(form.Fold)}}
	if form.Same() {
		return n
	}
	for _, f := range s.Own {
		text := []byte(form.In(f.Type))
		n.own = append(n.own, text)
		if len(text) > 0 && !slices.ContainsFunc(n.texts, func(f finder) bool { return bytes.Equal(f.text, text) }) {
			n.texts = append(n.texts, finder{text: text})
		}
	}
	return n
}

// in reports whether a row holds the needle.
func (n needle) in(row []byte) bool {
	if n.own == nil {
		return bytes.Contains(row, n.texts[0].text)
	}
	for _, text := range n.own {
		field, rest, _ := bytes.Cut(row, []byte{'\n'})
		if len(text) > 0 && bytes.Contains(field, text) {
			return true
		}
		row = rest
	}
	return false
}

// find returns a mask of those of some rows that hold one of the needles.
func (b *block) find(needles []needle, among uint64) (mask uint64) {
	if bits.OnesCount64(among) <= blockRows/4 { // quicker one by one
		for m := among; m != 0; m &= m - 1 {
			i := bits.TrailingZeros64(m)
			if row := b.row(i); slices.ContainsFunc(needles, func(n needle) bool { return n.in(row) }) {
				mask |= 1 << i
			}
		}
		return mask
	}
	for _, n := range needles {
		for _, f := range n.texts {
			var pass func(int) bool
			if n.own != nil {
				pass = func(i int) bool { return n.in(b.row(i)) }
			}
			mask |= b.scan(f, pass)
		}
	}
	return mask & among
}

// named returns a mask of the rows that are called by one of the needles.
func (b *block) named(needles []needle) (mask uint64) {
	for _, n := range needles {
		mask |= b.scan(n.texts[0], func(i int) bool { return bytes.Contains(called(b.row(i)), n.texts[0].text) })
	}
	return mask
}

// pointing returns a mask of those of some rows one of whose references of a position
// leads to a record of a set.
func (b *block) pointing(position, refs int, to []uint64, among uint64) (mask uint64) {
	for m := among; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		number := b.refs[i*refs+position]
		if at := int(number / blockRows); number != 0 && at < len(to) && to[at]&(1<<(number%blockRows)) != 0 {
			mask |= 1 << i
		}
	}
	return mask
}
