package textindex

import (
	"strings"
	"testing"
)

// TestSuggestionsAreBounded searches for words of many parts, each of which is near many words.
func TestSuggestionsAreBounded(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "company")
	for i, last := range "abcdefghijkl" {
		db.save(of, int64(1+i), "name", "anna"+string(last)+" berta"+string(last))
	}
	for parts, want := range map[int]int{2: maxSuggestions, maxParts: maxSuggestions, maxParts + 1: 0} {
		word := strings.TrimSuffix(strings.Repeat("annaz.", parts), ".")
		instead, err := set.Suggest(t.Context(), of, db.terms(t, of, "search="+word))
		if got := len(instead[word]); err != nil || got != want {
			t.Errorf("for %d parts %d words are suggested, %v; want %d", parts, got, err, want)
		}
	}
}
