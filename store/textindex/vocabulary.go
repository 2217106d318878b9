package textindex

import (
	"bytes"
	"math/bits"

	"crmkit/store/spelling"
)

// The vocabulary of an index has the words of its rows that can be suggested for a misspelled word,
// with the number of their occurrences. Counting words takes longer than a commit should, so new
// rows wait, and are counted when a search needs the vocabulary, or when there are many.

// wordCost is about how many bytes a word takes in the vocabulary in addition to its own.
const wordCost = 48

// pendingRow is the text of a row that was added (+1) or removed (-1), before its words are counted.
type pendingRow struct {
	text []byte
	n    int
}

// maxUncounted is how many bytes of text may wait to be counted. Counting them takes some ten
// milliseconds.
const maxUncounted = 1 << 20

// noteWords adds the old and the new rows of documents to those to be counted. The caller holds mu.
func (x *index) noteWords(old *segment, docs []document) {
	for i, d := range docs {
		if i+1 < len(docs) && docs[i+1].number == d.number {
			continue // the next document replaces it
		}
		if old != nil {
			removed := bytes.Clone(old.row(int(d.number % segmentRows))) // a slice of it would keep the whole segment in memory
			x.uncounted = append(x.uncounted, pendingRow{removed, -1})
			x.uncountedBytes += len(removed)
		}
		x.uncounted = append(x.uncounted, pendingRow{d.text, 1})
		x.uncountedBytes += len(d.text)
	}
	if x.uncountedBytes > maxUncounted && x.counting.TryLock() {
		defer x.counting.Unlock()
		x.bytes += x.countWords(x.takeUncounted())
	}
}

// takeUncounted removes and returns the rows that wait to be counted. The caller holds mu.
func (x *index) takeUncounted() (rows []pendingRow) {
	rows, x.uncounted, x.uncountedBytes = x.uncounted, nil, 0
	return rows
}

// countWords counts the words of rows and returns by how many bytes the vocabulary grew.
// The caller holds counting.
func (x *index) countWords(rows []pendingRow) (grew int64) {
	for _, row := range rows {
		grew += x.vocabulary.count(x.fields, row)
	}
	return grew
}

// vocabulary is how often each word occurs.
type vocabulary map[string]spelling.Count

// count adds the words of a row to the counts, or takes them away, and returns by how many bytes
// the vocabulary grew.
func (all vocabulary) count(fields Fields, row pendingRow) (grew int64) {
	fields.eachWord(row.text, func(word []byte, once spelling.Count) {
		count, known := all[string(word)]
		count = count.Plus(once.Times(row.n))
		if all[string(word)] = count; !known {
			grew += int64(len(word) + wordCost)
		}
		if count == (spelling.Count{}) {
			delete(all, string(word))
			grew -= int64(len(word) + wordCost)
		}
	})
	return grew
}

// countSegment adds n to the counts of the words of all rows of a segment.
func (all vocabulary) countSegment(fields Fields, s *segment, n int) {
	if s == nil {
		return
	}
	for mask := s.rows(); mask != 0; mask &= mask - 1 {
		all.count(fields, pendingRow{s.row(bits.TrailingZeros64(mask)), n})
	}
}

// eachTerm calls fn for each word of the state with its count. Neither searches nor commits wait for
// it.
func (is indexState) eachTerm(fn func(word string, count spelling.Count)) {
	is.counting.Lock()
	defer is.counting.Unlock()
	later := is.since(is.countAll())
	for word, count := range is.vocabulary {
		if more, differs := later[word]; differs {
			count = count.Plus(more)
			delete(later, word)
		}
		if count.All > 0 {
			fn(word, count)
		}
	}
	for word, count := range later {
		if count.All > 0 {
			fn(word, count)
		}
	}
}

// countAll counts the rows that wait to be counted, and returns the segments whose words the
// vocabulary then has. The caller holds counting.
func (x *index) countAll() segments {
	x.mu.Lock()
	rows, now := x.takeUncounted(), x.segments
	x.shared = true
	x.mu.Unlock()
	grew := x.countWords(rows)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bytes += grew
	return now
}

// since returns the differences that turn the counts of later segments into those of the state.
func (is indexState) since(now segments) vocabulary {
	more := vocabulary{}
	for at, s := range now {
		var was *segment
		if at < len(is.segments) {
			was = is.segments[at]
		}
		if s != was {
			more.countSegment(is.fields, was, 1)
			more.countSegment(is.fields, s, -1)
		}
	}
	return more
}
