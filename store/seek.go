package store

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
	"strconv"

	"crmkit/crm"
	"crmkit/query"
)

// matchSet are the records of one kind that memory found, as the mirrors have them.
type matchSet struct {
	m        *textIndex
	segments segments
	masks    []uint64 // by block
	n        int64
	noMatch  bool // no record has the words of search=
}

// searchIndex looks in the mirrors of a kind and of those its records refer to. It returns nil
// where one of them cannot be had, so that SQL must answer.
func (s *Store) searchIndex(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Terms) (*matchSet, error) {
	k, err := s.newIndexSearch(ctx, actor, e, sought)
	if err != nil || k == nil {
		return nil, err
	}
	h := &matchSet{m: k.indexes[0], segments: k.segments, masks: make([]uint64, len(k.segments))}
	err = k.each(ctx, func(at int, mask uint64) (more bool) {
		h.masks[at] = mask
		h.n += int64(bits.OnesCount64(mask))
		return true
	})
	if err != nil || h.n > 0 || len(sought.Words) == 0 {
		return h, err
	}
	if h.noMatch = true; len(sought.Likes) > 0 {
		h.noMatch, err = s.noMatch(ctx, actor, e, &query.Terms{Words: sought.Words})
	}
	return h, err
}

// noMatch reports whether no record has what is sought.
func (s *Store) noMatch(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Terms) (bool, error) {
	k, err := s.newIndexSearch(ctx, actor, e, sought)
	if err != nil || k == nil {
		return false, err
	}
	nowhere := true
	err = k.each(ctx, func(_ int, mask uint64) (more bool) {
		nowhere = mask == 0
		return nowhere
	})
	return nowhere, err
}

// Search answers a search of one kind: the first records by rank, those of one rank by
// their latest change, and how many there are.
func (s *Store) Search(ctx context.Context, actor crm.Actor, q *query.Search) (page Page, err error) {
	if err := s.catchUp(ctx); err != nil {
		return page, err
	}
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return page, err
	}
	defer end()
	recall := s.counts.snapshot(actor.Workspace)
	h, err := s.searchIndex(ctx, actor, q.Entity, q.Terms)
	if err != nil || h == nil {
		if err == nil {
			page, err = s.List(ctx, actor, q.Query)
		}
		return page, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxRead)
	defer cancel()
	err = s.present(ctx, actor, q.Entity, func(v *ReadTx) error {
		named, err := v.named(ctx, actor, q, h)
		if err != nil {
			return err
		}
		if v.veil != nil { // memory has what is about to go, too
			return s.searchUnder(ctx, &reader{v, recall, s.recordCache}, accessPath{actor: actor, q: q.Query, hits: h}, &page)
		}
		page = Page{HasTotal: true, NoExactMatch: h.n == 0}
		if page.matched(h.n, q.Total); page.NoExactMatch {
			return nil
		}
		w := accessPath{actor: actor, q: q.Query, hits: h}
		w.keyList = jsonKeys(h.top(q.Limit, func(key int64, called []byte) int {
			if named[key] {
				return query.RankExactName
			}
			return q.RankLabel(string(called))
		}))
		keys, err := v.keys(ctx, w)
		if err == nil {
			err = (&reader{v, recall, s.recordCache}).loadPage(ctx, s.tables[q.Entity], w, keys, &page)
		}
		page.More = h.n > int64(len(page.Records))
		return err
	})
	return page, err
}

// named returns the records that the search names, which are hits too.
func (v *ReadTx) named(ctx context.Context, actor crm.Actor, q *query.Search, h *matchSet) (map[int64]bool, error) {
	text := q.ExactNameSQL()
	if text == "" {
		return nil, nil
	}
	named := map[int64]bool{}
	return named, v.Rows(ctx, text, append([]any{actor.Workspace}, q.Args...), func(scan func(...any) error) error {
		var key int64
		err := scan(&key)
		named[key] = true
		h.add(key)
		return err
	})
}

// searchUnder answers a search where memory finds more than readers see.
func (s *Store) searchUnder(ctx context.Context, c *reader, w accessPath, page *Page) error {
	w, err := c.choosePlan(ctx, w.actor, w.q, w.hits)
	if err == nil {
		err = c.page(ctx, s.tables[w.q.Entity], w, page)
	}
	if err == nil {
		err = c.total(ctx, w, page)
		page.NoExactMatch = page.Total == 0
	}
	return err
}

// each calls fn for every hit, in the order of numbers.
func (h *matchSet) each(fn func(b *segment, row int, key int64)) {
	for i, mask := range h.masks {
		for ; mask != 0; mask &= mask - 1 {
			row := bits.TrailingZeros64(mask)
			fn(h.segments[i], row, crm.RecordKey(h.m.workspace, int64(i*segmentRows+row)))
		}
	}
}

// add makes a record one of the hits; false: it was.
func (h *matchSet) add(key int64) bool {
	number := crm.RecordNumber(key)
	at, bit := int(number/segmentRows), uint64(1)<<(number%segmentRows)
	if at >= len(h.masks) || h.segments[at] == nil || h.masks[at]&bit != 0 {
		return false
	}
	h.masks[at] |= bit
	h.n++
	return true
}

// keys returns the keys of all hits as a list in JSON.
func (h *matchSet) keys() string {
	keys := make([]int64, 0, h.n)
	h.each(func(_ *segment, _ int, key int64) { keys = append(keys, key) })
	return jsonKeys(keys)
}

// jsonKeys returns a list in JSON.
func jsonKeys(keys []int64) string {
	list := []byte{'['}
	for i, key := range keys {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, key, 10)
	}
	return string(append(list, ']'))
}

// top returns the keys of the first hits by rank, ties by the latest change.
func (h *matchSet) top(limit int, rank func(key int64, called []byte) int) []int64 {
	type place struct {
		rank    int
		at, key int64
	}
	var top []place
	before := func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.at, a.at), cmp.Compare(b.key, a.key))
	}
	h.each(func(b *segment, row int, key int64) {
		p := place{rank(key, label(b.row(row))), b.at[row], key}
		if len(top) == limit && before(p, top[limit-1]) > 0 {
			return
		}
		i, _ := slices.BinarySearchFunc(top, p, before)
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
