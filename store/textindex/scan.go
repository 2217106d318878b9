package textindex

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// scan is one pass over the segments of a kind.
type scan struct {
	indexes    []indexState // of the kind, then of the target of each of its references; an empty one is not needed
	segments   segments     // of the first
	conditions []condition  // a record must match all; the most selective is first
}

// condition is one word, or a text in one field, that a record must have: in a field of its own or
// in the label of a record that it refers to.
type condition struct {
	terms      []term
	targets    [][]uint64 // by reference: masks of the records whose label matches; nil: no label does
	sampleHits int        // how many rows of a sample match
	longest    int        // bytes of the longest text
}

// newScan prepares a pass. It returns nil if an index that it needs is not available.
func (n *Snapshot) newScan(e *crm.Entity, terms *query.Terms) *scan {
	indexes := n.indexesFor(e, terms)
	if indexes == nil {
		return nil
	}
	c := &scan{indexes: indexes, segments: indexes[0].segments}
	for _, w := range terms.Words {
		c.add(c.anyField(w))
	}
	for _, l := range terms.Likes {
		c.add(c.oneField(l))
	}
	c.sort()
	return c
}

// anyField returns the condition that a word occurs in any field.
func (c *scan) anyField(w query.Word) (one condition) {
	var inLabels []term // only text is in labels, no numbers
	for _, v := range w.Variants {
		t := c.indexes[0].fields.term(v)
		one.terms = append(one.terms, t)
		if v.Fold != "" {
			inLabels = append(inLabels, t)
		}
	}
	for _, target := range c.indexes[1:] {
		one.targets = append(one.targets, target.byLabel(inLabels))
	}
	return one
}

// oneField returns the condition that a text occurs in a certain field.
func (c *scan) oneField(l query.Like) (one condition) {
	fields := c.indexes[0].fields
	var parts []term
	for _, text := range l.Parts {
		parts = append(parts, term{finders: []substringFinder{{text: []byte(text)}}})
	}
	for i, f := range fields.Refs {
		var masks []uint64
		if slices.Contains(l.Refs, f) {
			masks = c.indexes[1+i].byLabel(parts)
		}
		one.targets = append(one.targets, masks)
	}
	if len(l.Own) == 0 {
		return one
	}
	for _, part := range parts {
		part.perField = make([][]byte, len(fields.Own))
		for _, f := range l.Own {
			part.perField[slices.Index(fields.Own, f)] = part.finders[0].text
		}
		one.terms = append(one.terms, part)
	}
	return one
}

func (c *scan) add(one condition) {
	for _, t := range one.terms {
		for i := range t.finders {
			t.finders[i].chooseAnchor(c.segments)
			one.longest = max(one.longest, len(t.finders[i].text))
		}
	}
	c.conditions = append(c.conditions, one)
}

// sampledSegments is in how many segments conditions are compared: some thousands of rows.
const sampledSegments = 64

// sort puts the condition that the fewest rows match first: the others are then tested only on
// these rows. Of the conditions that no row of the sample matches, that with the longest text is
// first.
func (c *scan) sort() {
	if len(c.conditions) < 2 {
		return
	}
	step := max(1, len(c.segments)/sampledSegments)
	for at := step / 2; at < len(c.segments); at += step {
		s := c.segments[at]
		if s == nil {
			continue
		}
		for i := range c.conditions {
			c.conditions[i].sampleHits += bits.OnesCount64(c.conditions[i].mask(s, s.rows()))
		}
	}
	slices.SortStableFunc(c.conditions, func(a, b condition) int {
		return cmp.Or(cmp.Compare(a.sampleHits, b.sampleHits), cmp.Compare(b.longest, a.longest))
	})
}

// segmentsBetweenChecks is how many segments are scanned between two checks of the context, in less
// than a millisecond.
const segmentsBetweenChecks = 256

// each calls fn with the matches of each segment, until fn returns false or the context ends.
func (c *scan) each(ctx context.Context, fn func(at int, mask uint64) (more bool)) error {
	for at, s := range c.segments {
		if at%segmentsBetweenChecks == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if s == nil {
			continue
		}
		mask := s.rows()
		for i := 0; i < len(c.conditions) && mask != 0; i++ {
			mask = c.conditions[i].mask(s, mask)
		}
		if !fn(at, mask) {
			return nil
		}
	}
	return nil
}

// mask returns a mask of the given rows of a segment that match.
func (c *condition) mask(s *segment, among uint64) uint64 {
	mask := s.find(c.terms, among)
	for i, targets := range c.targets {
		if targets != nil {
			mask |= s.matchRefs(reference{i, len(c.targets), targets}, among&^mask)
		}
	}
	return mask
}
