package store

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// indexSearch is a look for words in the mirror of a kind, and in those of what its records
// refer to.
type indexSearch struct {
	indexes  []*textIndex // of the kind, and behind it by reference; nil: it is not looked into
	segments segments     // of the first
	matchers []matcher    // each must find a record; the one that finds fewest is first
}

// matcher looks for one word.
type matcher struct {
	terms   []term
	refs    [][]uint64 // by reference: the records that are called by the word; nil: none
	often   int        // how many rows of a sample have it
	longest int        // bytes of text
}

// newIndexSearch begins a look; nil where a mirror cannot be had.
func (s *Store) newIndexSearch(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Terms) (*indexSearch, error) {
	mirrors, err := s.indexesFor(ctx, actor, e, sought)
	if err != nil || mirrors == nil {
		return nil, err
	}
	k := &indexSearch{indexes: mirrors, segments: mirrors[0].snapshot()}
	for _, w := range sought.Words {
		k.add(k.anywhere(w))
	}
	for _, l := range sought.Likes {
		k.add(k.inField(l))
	}
	k.order()
	return k, nil
}

// indexesFor returns the mirror of a kind and behind it those of what its references lead
// to, as far as they are looked into; nil where one of them cannot be had. Without
// anything sought it returns all.
func (s *Store) indexesFor(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Terms) ([]*textIndex, error) {
	own, err := s.textIndex(ctx, actor.Workspace, e)
	if own == nil || err != nil {
		return nil, err
	}
	list := []*textIndex{own}
	for _, f := range own.Refs {
		needed := sought == nil || len(sought.Words) > 0 || slices.ContainsFunc(sought.Likes, func(l query.Like) bool { return slices.Contains(l.Refs, f) })
		if !needed {
			list = append(list, nil)
			continue
		}
		m, err := s.textIndex(ctx, actor.Workspace, e.Target(f))
		if m == nil || err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// anywhere returns the seeker of a word that may stand in any field.
func (k *indexSearch) anywhere(w query.Word) (one matcher) {
	for _, form := range w.Variants {
		one.terms = append(one.terms, k.indexes[0].term(form))
	}
	for _, m := range k.indexes[1:] {
		one.refs = append(one.refs, m.byLabel(one.terms))
	}
	return one
}

// inField returns the seeker of a part that must stand in one field.
func (k *indexSearch) inField(l query.Like) (one matcher) {
	part := term{byField: []substringFinder{{text: []byte(l.Part)}}}
	for i, f := range k.indexes[0].Refs {
		var to []uint64
		if slices.Contains(l.Refs, f) {
			to = k.indexes[1+i].byLabel([]term{part})
		}
		one.refs = append(one.refs, to)
	}
	if l.Own != nil {
		part.label = make([][]byte, len(k.indexes[0].Own))
		part.label[slices.Index(k.indexes[0].Own, l.Own)] = part.byField[0].text
		one.terms = []term{part}
	}
	return one
}

func (k *indexSearch) add(one matcher) {
	for _, n := range one.terms {
		for i := range n.byField {
			n.byField[i].chooseAnchor(k.segments)
			one.longest = max(one.longest, len(n.byField[i].text))
		}
	}
	k.matchers = append(k.matchers, one)
}

// sampledSegments is in how many blocks seekers are compared: some thousands of rows.
const sampledSegments = 64

// order puts the seeker that finds fewest first: the others then look only into what that
// finds. Of those that find nothing in the sample the longest is first.
func (k *indexSearch) order() {
	if len(k.matchers) < 2 {
		return
	}
	step := max(1, len(k.segments)/sampledSegments)
	for at := step / 2; at < len(k.segments); at += step {
		for i := range k.matchers {
			if b := k.segments[at]; b != nil {
				k.matchers[i].often += bits.OnesCount64(k.matchers[i].mask(b, b.rows(), len(k.indexes)-1))
			}
		}
	}
	slices.SortStableFunc(k.matchers, func(a, b matcher) int {
		return cmp.Or(cmp.Compare(a.often, b.often), cmp.Compare(b.longest, a.longest))
	})
}

// segmentsBetweenChecks is how many blocks are looked into until the context is asked again: less
// than a millisecond's work.
const segmentsBetweenChecks = 256

// each hands the hits of each block to fn, until it wants no more.
func (k *indexSearch) each(ctx context.Context, fn func(at int, mask uint64) (more bool)) error {
	for at, b := range k.segments {
		if at%segmentsBetweenChecks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if b == nil {
			continue
		}
		mask := b.rows()
		for i := 0; i < len(k.matchers) && mask != 0; i++ {
			mask = k.matchers[i].mask(b, mask, len(k.indexes)-1)
		}
		if !fn(at, mask) {
			return nil
		}
	}
	return nil
}

// mask returns those of some rows of a block in which the word stands.
func (w *matcher) mask(b *segment, among uint64, refs int) uint64 {
	mask := b.find(w.terms, among)
	for i, to := range w.refs {
		if to != nil {
			mask |= b.matchRefs(i, refs, to, among&^mask)
		}
	}
	return mask
}
