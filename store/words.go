package store

import "bytes"

// termCount is how often a word stands in rows, and in what those are called.
type termCount struct{ all, names int }

// wordCost is about how many bytes a word takes in the map of words, beside its own.
const wordCost = 48

// pendingRow is the text of a row that came (+1) or went (-1).
type pendingRow struct {
	text []byte
	n    int
}

// maxUncounted is how many bytes of text may wait until their words are counted: some ten
// milliseconds of counting.
const maxUncounted = 1 << 20

// countWords notes the words of rows, and those of the rows that were there. The caller holds
// mu.
func (m *textIndex) countWords(old *segment, lines []document) {
	for i, l := range lines {
		if i+1 < len(lines) && lines[i+1].number == l.number {
			continue // it is replaced at once
		}
		if old != nil {
			gone := bytes.Clone(old.row(int(l.number % segmentRows))) // it would keep its whole block
			m.unindexed = append(m.unindexed, pendingRow{gone, -1})
			m.uncounted += len(gone)
		}
		m.unindexed = append(m.unindexed, pendingRow{l.text, 1})
		m.uncounted += len(l.text)
	}
	if m.uncounted > maxUncounted && m.normalise.TryLock() {
		defer m.normalise.Unlock()
		m.bytes += m.flushCounts(m.pendingCounts())
	}
}

// pendingCounts takes the rows that wait. The caller holds mu.
func (m *textIndex) pendingCounts() (rows []pendingRow) {
	rows, m.unindexed, m.uncounted = m.unindexed, nil, 0
	return rows
}

// flushCounts counts the words of rows and returns by how many bytes the map grew. The caller
// holds wording.
func (m *textIndex) flushCounts(rows []pendingRow) (grew int64) {
	for _, row := range rows {
		grew += m.addTerm(row.text, row.n)
	}
	return grew
}

// eachWord hands each the words of the rows and how often they stand there. Neither
// searches nor writes wait for it.
func (m *textIndex) eachWord(each func(word string, u termCount)) {
	m.normalise.Lock()
	defer m.normalise.Unlock()
	m.mu.Lock()
	rows := m.pendingCounts()
	m.mu.Unlock()
	grew := m.flushCounts(rows)
	m.mu.Lock()
	m.bytes += grew
	m.mu.Unlock()
	for word, u := range m.vocabulary {
		each(word, u)
	}
}

// addTerm adds to the uses of the words of a row, and returns by how many bytes the map
// grew.
func (m *textIndex) addTerm(row []byte, n int) (grew int64) {
	named := 0
	eachWord(label(row), func([]byte) { named++ })
	eachWord(row, func(word []byte) {
		u, known := m.vocabulary[string(word)]
		if u.all += n; named > 0 {
			u.names += n
		}
		named--
		if m.vocabulary[string(word)] = u; !known {
			grew += int64(len(word) + wordCost)
		}
		if u.all == 0 {
			delete(m.vocabulary, string(word))
			grew -= int64(len(word) + wordCost)
		}
	})
	return grew
}
