package store

import (
	"bytes"
	"testing"
)

// FuzzFinder compares a finder with bytes.Index, by each of the bytes of its text.
func FuzzFinder(f *testing.F) {
	f.Add([]byte("person1@a\nperson12@a\n"), []byte("person12@"))
	f.Add([]byte("aaaaab"), []byte("aab"))
	f.Add([]byte("a"), []byte("aa"))
	f.Fuzz(func(t *testing.T, in, text []byte) {
		if len(text) == 0 {
			return
		}
		want := bytes.Index(in, text)
		for by := range len(text) + 1 {
			if got := (substringFinder{text, by}).index(in); got != want {
				t.Errorf("%q in %q by %d: %d, want %d", text, in, by, got, want)
			}
		}
	})
}

// TestFindersGoByRareBytes tunes finders on blocks of which one byte is rare.
func TestFindersGoByRareBytes(t *testing.T) {
	text := bytes.Repeat([]byte("person at a place far away from here"), 100)
	text[7] = '@'
	all := make(segments, 200)
	for i := range all {
		all[i] = &segment{text: text}
	}
	for word, by := range map[string]int{"on@pl": 3, "x@": 1, "e": 0, " a ": 0} {
		f := substringFinder{text: []byte(word)}
		if f.chooseAnchor(all); f.by != by {
			t.Errorf("%q is found by byte %d, want %d", word, f.by, by)
		}
	}
	f := substringFinder{text: []byte("@")}
	if f.chooseAnchor(all[:10]); f.by != 0 {
		t.Error("a few blocks are counted")
	}
}
