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
	measured int64 // its size as the Set counts it

	ready chan struct{} // closed once the filling has ended
	err   error         // why it is not filled; read after ready is closed

	counting   sync.Mutex
	vocabulary vocabulary // guarded by counting

	mu             sync.Mutex // guards what follows
	segments       segments
	shared         bool   // a Snapshot has the segments, so the list must not be changed
	changes        uint64 // how often the segments have changed
	bytes          int64  // about how much memory it takes
	uncounted      []pendingRow
	uncountedBytes int
	labels         labelCache
	state          fillState
	waiting        [][]document // committed while it is filled
	waitingBytes   int64
	maxWaiting     int64 // of those bytes; with more the filling is given up
}

// fillState says whether an index has its rows.
type fillState int

const (
	filling fillState = iota // commits wait for it
	filled
	failed // it has no rows, and is about to be dropped
)

func newIndex(key Key, fields Fields) *index {
	return &index{key: key, fields: fields, ready: make(chan struct{}), err: errNotFilled}
}

// apply takes in documents of a commit.
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

// wait keeps what was committed while the index is filled, or gives the filling up if that
// is too much. The caller holds mu.
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

// labelCache has results of byLabel, by the text of the terms. Searches of several kinds
// ask for the same labels again and again.
type labelCache map[string][]uint64

// maxLabels is how many results are kept.
const maxLabels = 16

// byLabel returns masks of the records whose label contains one of the terms, by segment;
// nil if there are none. The result is kept for other searches of the same state.
func (is indexState) byLabel(terms []term) []uint64 {
	text := ""
	for _, t := range terms {
		text += string(t.finders[0].text) + "\n"
	}
	if masks, known := is.keptLabels(text); known {
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
	is.keepLabels(text, masks)
	return masks
}

// keptLabels returns the masks for a text, unless something was committed since the state.
func (is indexState) keptLabels(text string) (masks []uint64, known bool) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if is.index.changes != is.changes {
		return nil, false
	}
	masks, known = is.labels[text]
	return masks, known
}

// keepLabels keeps the masks for a text, unless something was committed since the state.
func (is indexState) keepLabels(text string, masks []uint64) {
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
