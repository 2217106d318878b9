package erase

import (
	"encoding/binary"
)

// SQLite overwrites with zeros what is deleted (secure_delete). But where it moves cells of a page to others, which
// any write may cause, it leaves what they were in the gap between the pointers and the cells of the page: bytes
// that no query sees. So a purge ends with a walk through all pages of the file, in steps, that fills these gaps
// with zeros. What was erased is in no cell by then, so no gap can get a part of it after it was filled.
//
// The form of pages is from https://www.sqlite.org/fileformat2.html, section 1.6.

const (
	scrubPages = 256 // pages that one statement reads, 1 MB

	// maxScrubbed is the number of pages of a file, 128 GB, from which on an overflow page may look like one of a b-tree:
	// it begins with the number of a page, of which the first byte is 2 then.
	maxScrubbed = 0x02000000
)

// scrub fills the gaps of the next pages of a file with zeros, from the one after a number, and returns the last one
// that it looked at; 0: it has seen all.
func (s *step) scrub(from int64) (last int64, err error) {
	var count int64
	if _, err := s.tx.Row("SELECT page_count FROM pragma_page_count", nil, &count); err != nil || count >= maxScrubbed {
		return 0, err
	}
	for last = from; last < count; {
		if s.full() {
			return last, nil
		}
		below := min(last+scrubPages, count)
		if err := s.scrubPages(last, below); err != nil {
			return 0, err
		}
		last = below
	}
	return 0, nil
}

// scrubPages fills the gaps of pages after one, up to another.
func (s *step) scrubPages(after, last int64) error {
	const text = `WITH RECURSIVE n(i) AS (SELECT $1 + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		SELECT p.pgno, p.data FROM n CROSS JOIN sqlite_dbpage p ON p.pgno = n.i`
	changed := map[int64][]byte{}
	err := s.tx.Rows(text, []any{after, last}, func(scan func(...any) error) error {
		var number int64
		var page []byte
		if err := scan(&number, &page); err != nil {
			return err
		}
		if clear(number, page) {
			changed[number] = page
		}
		return nil
	})
	for number := after + 1; number <= last && err == nil; number++ {
		if page := changed[number]; page != nil {
			err = s.tx.Exec("UPDATE sqlite_dbpage SET data = $1 WHERE pgno = $2", page, number)
		}
	}
	return err
}

// clear fills the bytes of a page that are not in use with zeros, and reports whether it changed any. Pages other than
// those of b-trees stay as they are, and those whose header is not as it must be.
func clear(number int64, page []byte) (changed bool) {
	head := 0
	if number == 1 {
		head = 100 // the header of the file
	}
	if len(page) < head+12 {
		return false
	}
	end := head + 8
	switch page[head] {
	case 2, 5: // pages of an index or a table with pages below
		end += 4
	case 10, 13: // the lowest ones
	default:
		return false
	}
	word := func(at int) int { return int(binary.BigEndian.Uint16(page[at:])) }
	cells, begin := word(head+3), word(head+5)
	if begin == 0 {
		begin = 1 << 16
	}
	if end += 2 * cells; end > begin || begin > len(page) {
		return false
	}
	changed = zero(page[end:begin])
	for at, last := word(head+1), begin-1; at != 0; { // blocks between cells: the next one, the size
		if at <= last || at+4 > len(page) || word(at+2) < 4 || at+word(at+2) > len(page) {
			break
		}
		changed = zero(page[at+4:at+word(at+2)]) || changed
		at, last = word(at), at
	}
	return changed
}

// zero fills bytes with zeros, and reports whether they were others.
func zero(b []byte) (changed bool) {
	for i := range b {
		changed = changed || b[i] != 0
		b[i] = 0
	}
	return changed
}
