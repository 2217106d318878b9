package textindex

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestSearchesBeginWithTheRarestWord checks that a frequent word, however long, is tested only on
// rows with the rare word. Neither the order of the words matters, nor whether one is a condition on
// a single field.
func TestSearchesBeginWithTheRarestWord(t *testing.T) {
	db := newTables(t)
	set, of := db.open(t, Options{}), db.key(1, "contact")
	for i := range int64(1000) {
		notes := "frequentation"
		if i == 500 {
			notes += " rare"
		}
		db.save(of, 1+i, "name", fmt.Sprintf("n%d", i), "notes", notes)
	}
	for _, params := range []string{"search=frequentation+rare", "search=rare+frequentation", "search=frequentation&notes=like:rare", "search=rare&notes=like:frequentation", "notes=like:rare&notes=like:frequentation"} {
		terms := db.terms(t, of, params)
		now, err := set.now(t.Context(), of)
		if err != nil {
			t.Fatal(err)
		}
		c := now.newScan(of.Entity, terms)
		if c == nil {
			t.Fatalf("%s: no index", params)
		}
		if first := string(c.conditions[0].terms[0].finders[0].text); first != "rare" {
			t.Errorf("%s begins with %q, which matches %d of a sample", params, first, c.conditions[0].sampleHits)
		}
		if m, err := set.Search(t.Context(), of, terms); err != nil || m.Total != 1 {
			t.Errorf("%s: %v, %v", params, m, err)
		}
	}
}

// TestScansStop checks that a scan ends with its context, and at the first match if its caller needs
// only one.
func TestScansStop(t *testing.T) {
	all := make(segments, 4*segmentsBetweenChecks)
	for i := range all {
		all[i] = (*segment)(nil).withRows([]document{{number: int64(i * segmentRows), text: []byte("a\n")}}, 0)
	}
	c := &scan{segments: all}
	c.add(condition{terms: []term{{finders: []substringFinder{{text: []byte("a")}}}}})
	ctx, cancel := context.WithCancel(t.Context())
	scanned := 0
	err := c.each(ctx, func(int, uint64) bool {
		scanned++
		cancel()
		return true
	})
	if !errors.Is(err, context.Canceled) || scanned > segmentsBetweenChecks {
		t.Errorf("%v after %d segments, want that of the context after at most %d", err, scanned, segmentsBetweenChecks)
	}
	scanned = 0
	if err := c.each(t.Context(), func(int, uint64) bool { scanned++; return false }); err != nil || scanned != 1 {
		t.Errorf("%d segments are scanned for one match: %v", scanned, err)
	}
}
