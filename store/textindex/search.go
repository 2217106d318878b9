package textindex

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// Matches are the records of one kind that a search found.
type Matches struct {
	Total        int64
	NoExactMatch bool // no record has the words of the search, so they may be misspelled

	workspace int64
	segments  segments
	masks     []uint64 // by segment
}

// Search returns the records of a kind that match all terms. It returns nil and no error if an index
// that it needs is not available; the caller must then search in SQL.
func (n *Snapshot) Search(ctx context.Context, e *crm.Entity, terms *query.Terms) (*Matches, error) {
	scan := n.newScan(e, terms)
	if scan == nil {
		return nil, nil
	}
	m := &Matches{workspace: n.workspace, segments: scan.segments, masks: make([]uint64, len(scan.segments))}
	err := scan.each(ctx, func(at int, mask uint64) (more bool) {
		m.masks[at] = mask
		m.Total += int64(bits.OnesCount64(mask))
		return true
	})
	if err != nil || m.Total > 0 || len(terms.Words) == 0 {
		return m, err
	}
	if m.NoExactMatch = true; len(terms.Likes) > 0 { // perhaps no record matches these conditions, but some have the words
		m.NoExactMatch, err = n.noMatch(ctx, e, &query.Terms{Words: terms.Words})
	}
	return m, err
}

// noMatch reports whether no record matches. It is false if an index is not available.
func (n *Snapshot) noMatch(ctx context.Context, e *crm.Entity, terms *query.Terms) (bool, error) {
	scan := n.newScan(e, terms)
	if scan == nil {
		return false, nil
	}
	none := true
	err := scan.each(ctx, func(_ int, mask uint64) (more bool) {
		none = mask == 0
		return none
	})
	return none, err
}

// Add adds a record to the matches, unless it is one already.
func (m *Matches) Add(key int64) {
	number := crm.RecordNumber(key)
	at, bit := int(number/segmentRows), uint64(1)<<(number%segmentRows)
	if at < len(m.masks) && m.segments[at] != nil && m.masks[at]&bit == 0 {
		m.masks[at] |= bit
		m.Total++
	}
}

// each calls fn for every match, in the order of record numbers.
func (m *Matches) each(fn func(s *segment, row int, key int64)) {
	for i, mask := range m.masks {
		for ; mask != 0; mask &= mask - 1 {
			row := bits.TrailingZeros64(mask)
			fn(m.segments[i], row, crm.RecordKey(m.workspace, int64(i*segmentRows+row)))
		}
	}
}

// Keys returns the keys of all matches in ascending order.
func (m *Matches) Keys() []int64 {
	keys := make([]int64, 0, m.Total)
	m.each(func(_ *segment, _ int, key int64) { keys = append(keys, key) })
	return keys
}

// Top returns the keys of the first matches by rank, the lowest rank first. Of records with the same
// rank the one that was changed last is first. rank gets the folded label of the record.
func (m *Matches) Top(limit int, rank func(key int64, label []byte) int) []int64 {
	type place struct {
		rank           int
		updatedAt, key int64
	}
	var top []place
	compare := func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.updatedAt, a.updatedAt), cmp.Compare(b.key, a.key))
	}
	m.each(func(s *segment, row int, key int64) {
		p := place{rank(key, label(s.row(row))), s.updatedAt[row], key}
		if len(top) == limit && compare(p, top[limit-1]) > 0 {
			return
		}
		i, _ := slices.BinarySearchFunc(top, p, compare)
		if top = slices.Insert(top, i, p); len(top) > limit {
			top = top[:limit]
		}
	})
	keys := make([]int64, len(top))
	for i, p := range top {
		keys[i] = p.key
	}
	return keys
}
