package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestSearchesBeginWithTheRarestWord holds that a frequent word, however long, is looked
// for only in what has the rare one: in which order they are written does not matter, nor
// whether a part is looked for anywhere or in one field.
func TestSearchesBeginWithTheRarestWord(t *testing.T) {
	f := cached(t)
	ann := f.member("ann@example.com")
	f.write(ann, func(tx *Tx) error {
		for i := range 1000 {
			notes := "frequentation"
			if i == 500 {
				notes += " rare"
			}
			if _, err := tx.Save(f.draft("contact", "name", fmt.Sprintf("n%d", i), "notes", notes)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, params := range []string{"search=frequentation+rare", "search=rare+frequentation", "search=frequentation&notes=like:rare", "search=rare&notes=like:frequentation", "notes=like:rare&notes=like:frequentation"} {
		q := f.question(ann, "contact", params)
		k, err := f.newIndexSearch(t.Context(), ann, q.Entity, q.Terms)
		if err != nil || k == nil {
			t.Fatalf("%s: no mirror: %v", params, err)
		}
		if first := string(k.matchers[0].terms[0].byField[0].text); first != "rare" {
			t.Errorf("%s begins with %q, of which a sample has %d", params, first, k.matchers[0].often)
		}
		if page := f.list(ann, "contact", params); page.Total != 1 {
			t.Errorf("%s: %d contacts, want 1", params, page.Total)
		}
	}
}

// TestSeekingStops holds that a look in memory ends with its context, and where one hit
// suffices at that.
func TestSeekingStops(t *testing.T) {
	all := make(segments, 4*segmentsBetweenChecks)
	for i := range all {
		all[i] = (*segment)(nil).withRows([]document{{number: int64(i * segmentRows), text: []byte("a\n")}}, 0)
	}
	k := &indexSearch{indexes: []*textIndex{nil}, segments: all}
	k.add(matcher{terms: []term{{byField: []substringFinder{{text: []byte("a")}}}}})
	ctx, cancel := context.WithCancel(t.Context())
	looked := 0
	err := k.each(ctx, func(int, uint64) bool {
		looked++
		cancel()
		return true
	})
	if !errors.Is(err, context.Canceled) || looked > segmentsBetweenChecks {
		t.Errorf("%v after %d blocks, want that of the context after at most %d", err, looked, segmentsBetweenChecks)
	}
	looked = 0
	if err := k.each(t.Context(), func(int, uint64) bool { looked++; return false }); err != nil || looked != 1 {
		t.Errorf("%d blocks are looked into for one hit: %v", looked, err)
	}
}

// TestFindersAreNotLedAstray has texts in which the byte that a finder goes by stands
// everywhere but in the sample it was chosen from.
func TestFindersAreNotLedAstray(t *testing.T) {
	for _, in := range []string{strings.Repeat("b", 10_000), strings.Repeat("ab", 5_000) + "aab", strings.Repeat("ab", 5_000) + "aaba"} {
		for by := range 4 {
			f := substringFinder{text: []byte("aab"), by: by}
			if got, want := f.index([]byte(in)), strings.Index(in, "aab"); got != want {
				t.Errorf("by byte %d: at %d, want %d", by, got, want)
			}
		}
	}
}

// TestLikesThatMemoryAnswers holds which conditions of like: are looked for in memory:
// those on what searches read.
func TestLikesThatMemoryAnswers(t *testing.T) {
	f := cached(t)
	ann := f.member("ann@example.com")
	for params, want := range map[string]int{
		"name=like:a": 1, "email=like:a&notes=like:b": 2, "tags=like:a": 1, "phone=like:1": 1, "company.name=like:a": 1,
		"stage=like:a": 0, "custom.a=like:a": 0, "company.notes=like:a": 0, "company.domain=like:a": 0, "campaign.name=like:a": 0, "name=a": 0, "name=ne:a": 0, "name=gte:a": 0,
	} {
		q := f.question(ann, "contact", params)
		got := 0
		if q.Terms != nil {
			got = len(q.Terms.Likes)
		}
		if got != want || len(q.OtherKinds) != len(q.Where)-want {
			t.Errorf("%s: %d conditions are for memory and %d of %d for SQL, want %d for memory", params, got, len(q.OtherKinds), len(q.Where), want)
		}
	}
	if q := f.question(ann, "activity", "company.name=like:a"); len(q.Terms.Likes[0].Refs) != 2 {
		t.Errorf("an activity is of the company of its contact too: %v", q.Terms.Likes[0].Refs)
	}
}
