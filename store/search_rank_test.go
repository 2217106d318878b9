package store

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/query"
)

// TestSearchesRank makes records of a few words and searches for these words. A search
// finds the records that search= finds and those that the text names exactly. They are in
// the order of their ranks, and those of one rank in the order of their latest change.
func TestSearchesRank(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, random := f.member("ann@example.com"), rand.New(rand.NewPCG(1, 9))
		parts := []string{"Ann", "anna", "Änn", "Bob", "an%", "b_b", "49 30", "12345"}
		word := func() string { return parts[random.IntN(len(parts))] }
		for i := range 60 {
			f.clock.Advance(time.Duration(random.IntN(3)) * time.Second)
			f.save(ann, "contact", "name", word()+" "+word(), "email", fmt.Sprintf("%d.%s@ann.com", i, strings.ToLower("ab"[i%2:i%2+1])), "notes", word(),
				"phone", []string{"+49 30 12345", "0049 (30) 123-45", "030 12345", "none"}[random.IntN(4)])
		}
		seen := map[int]int{}
		for _, text := range append(parts, "ann bob", "nn", "+49 (30) 12345", "4930", "7.b@ann.com", "7.B@ANN.com", crm.RecordID("c", crm.RecordKey(ann.Workspace, 3)), "contact/"+crm.RecordID("c", crm.RecordKey(ann.Workspace, 4)), "zzz", "030 123-45", "03012", "tel:+493012345") {
			for _, country := range []string{"", "DE"} {
				ann.Country = country
				f.checkRanked(ann, text, seen)
			}
		}
		if ranks := len(seen); ranks != query.RankOther+1 {
			t.Errorf("only the ranks %v were seen", seen)
		}
	})
}

// checkRanked searches contacts for a text, and checks the order of the records and that
// search= finds the same ones. It counts the records of each rank in seen.
func (f *fixture) checkRanked(actor crm.Actor, text string, seen map[int]int) {
	f.t.Helper()
	s, fault := query.Find(f.Schema.ByName("contact"), text, query.For(f.Schema, actor, f.Now(), f.Secret()))
	if fault != nil {
		f.t.Fatal(fault)
	}
	s.Limit = 200
	page, err := f.List(f.t.Context(), actor, s.Query)
	if err != nil {
		f.t.Fatal(err)
	}
	unmatched := map[int64]bool{} // the keys that search= has not found yet; true: named exactly
	for i, rec := range page.Records {
		rank := s.Rank(rec)
		seen[rank]++
		unmatched[rec.Key] = rank == query.RankExactName
		if i > 0 && !rankedInOrder(s, page.Records[i-1], rec) {
			f.t.Errorf("%q: %s of rank %d comes after %s", text, rec.ID, rank, page.Records[i-1].ID)
		}
	}
	for _, key := range f.walk(actor, "contact", "search="+url.QueryEscape(text)) {
		if _, found := unmatched[key]; !found {
			f.t.Errorf("%q: search= finds %s, the search does not", text, crm.RecordID("c", key))
		}
		delete(unmatched, key)
	}
	for key, exact := range unmatched {
		if !exact {
			f.t.Errorf("%q finds %s, search= does not", text, crm.RecordID("c", key))
		}
	}
}

// rankedInOrder reports whether one record may come directly before the other: the better
// rank first, then the later change, then the greater key.
func rankedInOrder(s *query.Search, before, after crm.Record) bool {
	return cmp.Or(
		cmp.Compare(s.Rank(before), s.Rank(after)),
		cmp.Compare(after.Value(crm.FieldUpdatedAt).Int, before.Value(crm.FieldUpdatedAt).Int),
		cmp.Compare(after.Key, before.Key),
	) <= 0
}
