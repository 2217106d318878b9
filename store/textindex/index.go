package textindex

import (
	"cmp"
	"slices"
	"sync"
)

// index is the searched text of all records of one kind in one workspace. The tables are
// the truth: an index is filled from them, and then follows every commit.
//
// It has two locks. A comparison of words holds counting for long; searches and commits need
// mu. So nothing waits for counting while it holds mu.
type index struct {
	key    Key
	fields Fields

	// Guarded by the lock of the Set.
	lastUsed int64 // the number of the search that used it last
	measured int64 // the size that is part of Set.bytes

	ready chan struct{} // closed when the index is filled, or could not be
	err   error         // why it is not filled; read after ready is closed

	counting   sync.Mutex
	vocabulary vocabulary // guarded by counting

	mu             sync.Mutex // guards the fields below
	segments       segments
	shared         bool   // a Snapshot has the segments, so the list must not be changed
	changes        uint64 // how often the segments have changed
	bytes          int64  // about how much memory it takes
	uncounted      []pendingRow
	uncountedBytes int
	labels         labelCache
	state          fillState
	waiting        [][]document // of commits while the index is being filled
	waitingBytes   int64
	maxWaiting     int64 // limit on those bytes; with more the index is dropped
}

// fillState says whether an index has its rows.
type fillState int

const (
	filling fillState = iota // changes wait for it
	filled
	failed // it has no rows, and will be dropped
)

func newIndex(key Key, fields Fields) *index {
	return &index{key: key, fields: fields, ready: make(chan struct{}), err: errNotFilled}
}

// apply stores the documents of a commit.
func (x *index) apply(docs []document) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch x.state {
	case filling:
		x.wait(docs)
	case filled:
		x.put(docs)
	}
}

// wait stores documents of a commit until the index is filled. If there are too many, the index
// cannot be filled. The caller holds mu.
func (x *index) wait(docs []document) {
	for _, d := range docs {
		x.waitingBytes += d.size()
	}
	if x.waiting = append(x.waiting, docs); x.waitingBytes > x.maxWaiting {
		x.state, x.waiting = failed, nil
	}
}

// put replaces documents; those of one segment together. The caller holds mu.
func (x *index) put(docs []document) {
	x.labels = nil
	x.changes++
	if x.shared {
		x.segments, x.shared = slices.Clone(x.segments), false
	}
	slices.SortStableFunc(docs, func(a, b document) int { return cmp.Compare(a.number, b.number) })
	for len(docs) > 0 {
		at := int(docs[0].number / segmentRows)
		n := slices.IndexFunc(docs, func(d document) bool { return int(d.number/segmentRows) != at })
		if n < 0 {
			n = len(docs)
		}
		for len(x.segments) <= at {
			x.segments = append(x.segments, nil)
		}
		old := x.segments[at]
		x.segments[at] = old.withRows(docs[:n], len(x.fields.Refs))
		if x.bytes += x.segments[at].size(); old != nil {
			x.bytes -= old.size()
		}
		x.noteWords(old, docs[:n])
		docs = docs[n:]
	}
}

// size returns about how much memory the index takes.
func (x *index) size() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.bytes
}

// labelCache has results of byLabel, by the text of the terms. Searches of several kinds need the
// same labels.
type labelCache map[string][]uint64

// maxLabels is how many results a labelCache has.
const maxLabels = 16

// byLabel returns masks of the records whose label contains one of the terms, by segment, or nil if
// no label does. Other searches of the same state use the result too.
func (is indexState) byLabel(terms []term) []uint64 {
	text := ""
	for _, t := range terms {
		text += string(t.finders[0].text) + "\n"
	}
	if masks, known := is.cachedLabels(text); known {
		return masks
	}
	any := uint64(0)
	masks := make([]uint64, len(is.segments))
	for i, s := range is.segments {
		if s != nil {
			masks[i] = s.matchLabel(terms)
			any |= masks[i]
		}
	}
	if any == 0 {
		masks = nil
	}
	is.cacheLabels(text, masks)
	return masks
}

// cachedLabels returns the cached masks for a text, unless the index has changed since the state.
func (is indexState) cachedLabels(text string) (masks []uint64, known bool) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.index.changes != is.changes {
		return nil, false
	}
	masks, known = is.labels[text]
	return masks, known
}

// cacheLabels caches the masks for a text, unless the index has changed since the state.
func (is indexState) cacheLabels(text string, masks []uint64) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.index.changes != is.changes {
		return
	}
	if is.labels == nil || len(is.labels) == maxLabels {
		is.index.labels = labelCache{}
	}
	is.labels[text] = masks
}
