package erase

import (
	"bytes"
	"testing"
)

// FuzzClear fills the unused bytes of any page: it ends, keeps the header and the length, and finds nothing to do
// the second time.
func FuzzClear(f *testing.F) {
	f.Add(int64(2), append([]byte{13, 0, 0, 0, 1, 0, 12, 0, 0, 12, 'g', 'a'}, "cell"...))
	f.Add(int64(2), append([]byte{10, 0, 12, 0, 0, 0, 12, 0, 0, 0, 0, 0}, 0, 0, 0, 6, 'x', 'y'))
	f.Add(int64(2), append([]byte{13, 0, 12, 0, 0, 0, 12, 0, 0, 0, 0, 0}, 0, 12, 0, 6, 'x', 'y')) // a block that follows itself
	f.Add(int64(1), make([]byte, 4096))
	f.Fuzz(func(t *testing.T, number int64, page []byte) {
		before := bytes.Clone(page)
		clear(number, page)
		head := 0
		if number == 1 {
			head = 100
		}
		if len(page) != len(before) || len(page) > head+8 && !bytes.Equal(page[:head+8], before[:head+8]) {
			t.Errorf("the header: %x, before %x", page, before)
		}
		if clear(number, page) {
			t.Errorf("again: %x", page)
		}
	})
}

// TestClear fills the gap of a page and a block between cells, and keeps the cells.
func TestClear(t *testing.T) {
	page := []byte{13, 0, 20, 0, 1, 0, 16, 0, 0, 16, 'o', 'l', 'd', 0, 0, 0, 'c', 'e', 'l', 'l', 0, 0, 0, 8, 'p', 'a', 'r', 't'}
	want := []byte{13, 0, 20, 0, 1, 0, 16, 0, 0, 16, 0, 0, 0, 0, 0, 0, 'c', 'e', 'l', 'l', 0, 0, 0, 8, 0, 0, 0, 0}
	if !clear(2, page) || !bytes.Equal(page, want) {
		t.Errorf("%x, want %x", page, want)
	}
	leaf := bytes.Clone(page)
	leaf[0] = 0 // an overflow page
	leaf[11] = 'x'
	if clear(2, leaf) {
		t.Error("a page of another kind was changed")
	}
}
