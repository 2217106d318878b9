package store

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// seeking is a look for words in the mirror of a kind, and in those of what its records
// refer to.
type seeking struct {
	mirrors []*mirror // of the kind, and behind it by reference; nil: it is not looked into
	blocks  blocks    // of the first
	seekers []seeker  // each must find a record; the one that finds fewest is first
}

// seeker looks for one word.
type seeker struct {
	needles []needle
	refs    [][]uint64 // by reference: the records that are called by the word; nil: none
	often   int        // how many rows of a sample have it
	longest int        // bytes of text
}

// seeking begins a look; nil where a mirror cannot be had.
func (s *Store) seeking(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Sought) (*seeking, error) {
	mirrors, err := s.mirrorsFor(ctx, actor, e, sought)
	if err != nil || mirrors == nil {
		return nil, err
	}
	k := &seeking{mirrors: mirrors, blocks: mirrors[0].look()}
	for _, w := range sought.Words {
		k.add(k.anywhere(w))
	}
	for _, l := range sought.Likes {
		k.add(k.inField(l))
	}
	k.order()
	return k, nil
}

// mirrorsFor returns the mirror of a kind and behind it those of what its references lead
// to, as far as they are looked into; nil where one of them cannot be had. Without
// anything sought it returns all.
func (s *Store) mirrorsFor(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Sought) ([]*mirror, error) {
	own, err := s.mirror(ctx, actor.Workspace, e)
	if own == nil || err != nil {
		return nil, err
	}
	list := []*mirror{own}
	for _, f := range own.Refs {
		needed := sought == nil || len(sought.Words) > 0 || slices.ContainsFunc(sought.Likes, func(l query.Like) bool { return slices.Contains(l.Refs, f) })
		if !needed {
			list = append(list, nil)
			continue
		}
		m, err := s.mirror(ctx, actor.Workspace, e.Target(f))
		if m == nil || err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// anywhere returns the seeker of a word that may stand in any field.
func (k *seeking) anywhere(w query.Word) (one seeker) {
	for _, form := range w.Forms {
		one.needles = append(one.needles, k.mirrors[0].needle(form))
	}
	for _, m := range k.mirrors[1:] {
		one.refs = append(one.refs, m.called(one.needles))
	}
	return one
}

// inField returns the seeker of a part that must stand in one field.
func (k *seeking) inField(l query.Like) (one seeker) {
	part := needle{texts: []finder{{text: []byte(l.Part)}}}
	for i, f := range k.mirrors[0].Refs {
		var to []uint64
		if slices.Contains(l.Refs, f) {
			to = k.mirrors[1+i].called([]needle{part})
		}
		one.refs = append(one.refs, to)
	}
	if l.Own != nil {
		part.own = make([][]byte, len(k.mirrors[0].Own))
		part.own[slices.Index(k.mirrors[0].Own, l.Own)] = part.texts[0].text
		one.needles = []needle{part}
	}
	return one
}

func (k *seeking) add(one seeker) {
	for _, n := range one.needles {
		for i := range n.texts {
			n.texts[i].tune(k.blocks)
			one.longest = max(one.longest, len(n.texts[i].text))
		}
	}
	k.seekers = append(k.seekers, one)
}

// sampledBlocks is in how many blocks seekers are compared: some thousands of rows.
const sampledBlocks = 64

// order puts the seeker that finds fewest first: the others then look only into what that
// finds. Of those that find nothing in the sample the longest is first.
func (k *seeking) order() {
	if len(k.seekers) < 2 {
		return
	}
	step := max(1, len(k.blocks)/sampledBlocks)
	for at := step / 2; at < len(k.blocks); at += step {
		for i := range k.seekers {
			if b := k.blocks[at]; b != nil {
				k.seekers[i].often += bits.OnesCount64(k.seekers[i].mask(b, b.rows(), len(k.mirrors)-1))
			}
		}
	}
	slices.SortStableFunc(k.seekers, func(a, b seeker) int {
		return cmp.Or(cmp.Compare(a.often, b.often), cmp.Compare(b.longest, a.longest))
	})
}

// blocksBetween is how many blocks are looked into until the context is asked again: less
// than a millisecond's work.
const blocksBetween = 256

// each hands the hits of each block to fn, until it wants no more.
func (k *seeking) each(ctx context.Context, fn func(at int, mask uint64) (more bool)) error {
	for at, b := range k.blocks {
		if at%blocksBetween == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if b == nil {
			continue
		}
		mask := b.rows()
		for i := 0; i < len(k.seekers) && mask != 0; i++ {
			mask = k.seekers[i].mask(b, mask, len(k.mirrors)-1)
		}
		if !fn(at, mask) {
			return nil
		}
	}
	return nil
}

// mask returns those of some rows of a block in which the word stands.
func (w *seeker) mask(b *block, among uint64, refs int) uint64 {
	mask := b.find(w.needles, among)
	for i, to := range w.refs {
		if to != nil {
			mask |= b.pointing(i, refs, to, among&^mask)
		}
	}
	return mask
}
