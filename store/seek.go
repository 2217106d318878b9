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

// hits are the records of one kind that memory found, as the mirrors have them.
type hits struct {
	m       *mirror
	blocks  blocks
	masks   []uint64 // by block
	n       int64
	nowhere bool // no record has the words of search=
}

// seek looks in the mirrors of a kind and of those its records refer to. It returns nil
// where one of them cannot be had, so that SQL must answer.
func (s *Store) seek(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Sought) (*hits, error) {
	k, err := s.seeking(ctx, actor, e, sought)
	if err != nil || k == nil {
		return nil, err
	}
	h := &hits{m: k.mirrors[0], blocks: k.blocks, masks: make([]uint64, len(k.blocks))}
	err = k.each(ctx, func(at int, mask uint64) (more bool) {
		h.masks[at] = mask
		h.n += int64(bits.OnesCount64(mask))
		return true
	})
	if err != nil || h.n > 0 || len(sought.Words) == 0 {
		return h, err
	}
	if h.nowhere = true; len(sought.Likes) > 0 {
		h.nowhere, err = s.nowhere(ctx, actor, e, &query.Sought{Words: sought.Words})
	}
	return h, err
}

// nowhere reports whether no record has what is sought.
func (s *Store) nowhere(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Sought) (bool, error) {
	k, err := s.seeking(ctx, actor, e, sought)
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
	recall := s.memos.recall(actor.Workspace)
	h, err := s.seek(ctx, actor, q.Entity, q.Sought)
	if err != nil || h == nil {
		if err == nil {
			page, err = s.List(ctx, actor, q.Question)
		}
		return page, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxRead)
	defer cancel()
	err = s.present(ctx, actor, q.Entity, func(v *view) error {
		named, err := v.named(ctx, actor, q, h)
		if err != nil {
			return err
		}
		if v.veil != nil { // memory has what is about to go, too
			return s.searchUnder(ctx, &counter{v, recall, s.shelf}, way{actor: actor, q: q.Question, hits: h}, &page)
		}
		page = Page{Counted: true, Nowhere: h.n == 0}
		if page.matched(h.n, q.Total); page.Nowhere {
			return nil
		}
		w := way{actor: actor, q: q.Question, hits: h}
		w.list = listOf(h.best(q.Limit, func(key int64, called []byte) int {
			if named[key] {
				return query.RankNamed
			}
			return q.RankCalled(string(called))
		}))
		keys, err := v.keys(ctx, w)
		if err == nil {
			err = (&counter{v, recall, s.shelf}).show(ctx, s.tables[q.Entity], w, keys, &page)
		}
		page.More = h.n > int64(len(page.Records))
		return err
	})
	return page, err
}

// named returns the records that the search names, which are hits too.
func (v *view) named(ctx context.Context, actor crm.Actor, q *query.Search, h *hits) (map[int64]bool, error) {
	text := q.Named()
	if text == "" {
		return nil, nil
	}
	named := map[int64]bool{}
	return named, v.rows(ctx, text, append([]any{actor.Workspace}, q.Args...), func(scan func(...any) error) error {
		var key int64
		err := scan(&key)
		named[key] = true
		h.add(key)
		return err
	})
}

// searchUnder answers a search where memory finds more than readers see.
func (s *Store) searchUnder(ctx context.Context, c *counter, w way, page *Page) error {
	w, err := c.way(ctx, w.actor, w.q, w.hits)
	if err == nil {
		err = c.page(ctx, s.tables[w.q.Entity], w, page)
	}
	if err == nil {
		err = c.total(ctx, w, page)
		page.Nowhere = page.Total == 0
	}
	return err
}

// each calls fn for every hit, in the order of numbers.
func (h *hits) each(fn func(b *block, row int, key int64)) {
	for i, mask := range h.masks {
		for ; mask != 0; mask &= mask - 1 {
			row := bits.TrailingZeros64(mask)
			fn(h.blocks[i], row, crm.RecordKey(h.m.workspace, int64(i*blockRows+row)))
		}
	}
}

// add makes a record one of the hits; false: it was.
func (h *hits) add(key int64) bool {
	number := crm.RecordNumber(key)
	at, bit := int(number/blockRows), uint64(1)<<(number%blockRows)
	if at >= len(h.masks) || h.blocks[at] == nil || h.masks[at]&bit != 0 {
		return false
	}
	h.masks[at] |= bit
	h.n++
	return true
}

// keys returns the keys of all hits as a list in JSON.
func (h *hits) keys() string {
	keys := make([]int64, 0, h.n)
	h.each(func(_ *block, _ int, key int64) { keys = append(keys, key) })
	return listOf(keys)
}

// listOf returns a list in JSON.
func listOf(keys []int64) string {
	list := []byte{'['}
	for i, key := range keys {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, key, 10)
	}
	return string(append(list, ']'))
}

// best returns the keys of the first hits by rank, ties by the latest change.
func (h *hits) best(limit int, rank func(key int64, called []byte) int) []int64 {
	type place struct {
		rank    int
		at, key int64
	}
	var top []place
	before := func(a, b place) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b.at, a.at), cmp.Compare(b.key, a.key))
	}
	h.each(func(b *block, row int, key int64) {
		p := place{rank(key, called(b.row(row))), b.at[row], key}
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
