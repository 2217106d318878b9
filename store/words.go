package store

import "bytes"

// uses is how often a word stands in rows, and in what those are called.
type uses struct{ all, names int }

// wordCost is about how many bytes a word takes in the map of words, beside its own.
const wordCost = 48

// freshRow is the text of a row that came (+1) or went (-1).
type freshRow struct {
	text []byte
	n    int
}

// maxUnread is how many bytes of text may wait until their words are counted: some ten
// milliseconds of counting.
const maxUnread = 1 << 20

// learn notes the words of rows, and those of the rows that were there. The caller holds
// mu.
func (m *mirror) learn(old *block, lines []line) {
	for i, l := range lines {
		if i+1 < len(lines) && lines[i+1].number == l.number {
			continue // it is replaced at once
		}
		if old != nil {
			gone := bytes.Clone(old.row(int(l.number % blockRows))) // it would keep its whole block
			m.fresh = append(m.fresh, freshRow{gone, -1})
			m.unread += len(gone)
		}
		m.fresh = append(m.fresh, freshRow{l.text, 1})
		m.unread += len(l.text)
	}
	if m.unread > maxUnread && m.wording.TryLock() {
		defer m.wording.Unlock()
		m.bytes += m.settle(m.waiting())
	}
}

// waiting takes the rows that wait. The caller holds mu.
func (m *mirror) waiting() (rows []freshRow) {
	rows, m.fresh, m.unread = m.fresh, nil, 0
	return rows
}

// settle counts the words of rows and returns by how many bytes the map grew. The caller
// holds wording.
func (m *mirror) settle(rows []freshRow) (grew int64) {
	for _, row := range rows {
		grew += m.count(row.text, row.n)
	}
	return grew
}

// eachUse hands each the words of the rows and how often they stand there. Neither
// searches nor writes wait for it.
func (m *mirror) eachUse(each func(word string, u uses)) {
	m.wording.Lock()
	defer m.wording.Unlock()
	m.mu.Lock()
	rows := m.waiting()
	m.mu.Unlock()
	grew := m.settle(rows)
	m.mu.Lock()
	m.bytes += grew
	m.mu.Unlock()
	for word, u := range m.words {
		each(word, u)
	}
}

// count adds to the uses of the words of a row, and returns by how many bytes the map
// grew.
func (m *mirror) count(row []byte, n int) (grew int64) {
	named := 0
	eachWord(called(row), func([]byte) { named++ })
	eachWord(row, func(word []byte) {
		u, known := m.words[string(word)]
		if u.all += n; named > 0 {
			u.names += n
		}
		named--
		if m.words[string(word)] = u; !known {
			grew += int64(len(word) + wordCost)
		}
		if u.all == 0 {
			delete(m.words, string(word))
			grew -= int64(len(word) + wordCost)
		}
	})
	return grew
}
