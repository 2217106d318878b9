package textindex

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzFinder compares a finder with bytes.Index, with each byte of its text as the anchor.
func FuzzFinder(f *testing.F) {
	f.Add([]byte("person1@a\nperson12@a\n"), []byte("person12@"))
	f.Add([]byte("aaaaab"), []byte("aab"))
	f.Add([]byte("a"), []byte("aa"))
	f.Fuzz(func(t *testing.T, in, text []byte) {
		if len(text) == 0 {
			return
		}
		want := bytes.Index(in, text)
		for anchor := range len(text) + 1 {
			if got := (substringFinder{text, anchor}).index(in); got != want {
				t.Errorf("%q in %q by byte %d: %d, want %d", text, in, anchor, got, want)
			}
		}
	})
}

// TestAnchorsAreRareBytes chooses anchors in segments in which one byte is rare.
func TestAnchorsAreRareBytes(t *testing.T) {
	text := bytes.Repeat([]byte("person at a place far away from here"), 100)
	text[7] = '@'
	all := make(segments, 200)
	for i := range all {
		all[i] = &segment{text: text}
	}
	for word, anchor := range map[string]int{"on@pl": 3, "x@": 1, "e": 0, " a ": 0} {
		f := substringFinder{text: []byte(word)}
		if f.chooseAnchor(all); f.anchor != anchor {
			t.Errorf("the anchor of %q is byte %d, want %d", word, f.anchor, anchor)
		}
	}
	f := substringFinder{text: []byte("@")}
	if f.chooseAnchor(all[:10]); f.anchor != 0 {
		t.Error("an anchor is chosen for a few segments")
	}
}

// TestFrequentAnchors has segments in which the anchor is frequent, except in the sample from which
// it was chosen.
func TestFrequentAnchors(t *testing.T) {
	for _, in := range []string{strings.Repeat("b", 10_000), strings.Repeat("ab", 5_000) + "aab", strings.Repeat("ab", 5_000) + "aaba"} {
		for anchor := range 4 {
			f := substringFinder{text: []byte("aab"), anchor: anchor}
			if got, want := f.index([]byte(in)), strings.Index(in, "aab"); got != want {
				t.Errorf("by byte %d: at %d, want %d", anchor, got, want)
			}
		}
	}
}
