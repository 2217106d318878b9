package store

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"crmkit/crm"
	"crmkit/query"
)

// TestOldPhonesAreFolded checks that the migration folds numbers as the product does.
func TestOldPhonesAreFolded(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		for _, phone := range []string{"+49 (30) 123-45", "0049 30/123.45", "030 12345", "none", "00", "0", "1-800-CALL 7", "ext. 12 ü 3", ""} {
			f.save(ann, "contact", "name", "x", "phone", phone)
		}
		want := f.raw(1, "SELECT phone_fold FROM contacts ORDER BY key")
		text, err := migrations.ReadFile("migrations/0009_phone.sql")
		if err != nil {
			t.Fatal(err)
		}
		update, _, _ := strings.Cut(string(text), "CREATE INDEX")
		f.write(ann, func(tx *Tx) error { return tx.Exec("UPDATE contacts SET phone_fold = phone") })
		f.write(ann, func(tx *Tx) error { return tx.Exec(update) })
		if got := f.raw(1, "SELECT phone_fold FROM contacts ORDER BY key"); !slices.Equal(got, want) || len(want) != 9 {
			t.Errorf("the migration folds to %q, the product to %q", got, want)
		}
	})
}

// TestSearchesRank makes records of a few words and searches for those: what is found
// is what search= finds and what is named exactly, in the order of ranks, those of one
// rank by their latest change.
func TestSearchesRank(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann, random := f.member("ann@example.com"), rand.New(rand.NewPCG(1, 9))
		parts := []string{"Ann", "anna", "Änn", "Bob", "an%", "b_b", "49 30", "12345"}
		word := func() string { return parts[random.IntN(len(parts))] }
		for i := range 60 {
			f.clock.advance(time.Duration(random.IntN(3)) * time.Second)
			f.save(ann, "contact", "name", word()+" "+word(), "email", fmt.Sprintf("%d.%s@ann.com", i, strings.ToLower("ab"[i%2:i%2+1])), "notes", word(),
				"phone", []string{"+49 30 12345", "0049 (30) 123-45", "030 12345", "none"}[random.IntN(4)])
		}
		seen := map[int]int{}
		for _, text := range append(parts, "ann bob", "nn", "+49 (30) 12345", "4930", "7.b@ann.com", "7.B@ANN.com", crm.RecordID("c", crm.RecordKey(ann.Workspace, 3)), "contact/"+crm.RecordID("c", crm.RecordKey(ann.Workspace, 4)), "zzz") {
			e := f.Schema.ByName("contact")
			s, fault := query.Find(e, text, query.For(f.Schema, ann, f.Now(), f.Secret()))
			if fault != nil {
				t.Fatal(fault)
			}
			s.Limit = 200
			page, err := f.List(t.Context(), ann, s.Query)
			if err != nil {
				t.Fatal(err)
			}
			found, exact := map[int64]bool{}, map[int64]bool{}
			for i, rec := range page.Records {
				rank := s.Rank(rec)
				seen[rank]++
				found[rec.Key], exact[rec.Key] = true, rank == query.RankExactName
				if i == 0 {
					continue
				}
				last := page.Records[i-1]
				before, at := s.Rank(last), rec.Value(crm.FieldUpdatedAt).Int
				if before > rank || before == rank && (last.Value(crm.FieldUpdatedAt).Int < at || last.Value(crm.FieldUpdatedAt).Int == at && last.Key < rec.Key) {
					t.Errorf("%q: %s of rank %d stands behind %s of rank %d", text, rec.ID, rank, last.ID, before)
				}
			}
			for _, key := range f.walk(ann, "contact", "search="+url.QueryEscape(text)) {
				if !found[key] {
					t.Errorf("%q: search= finds %s, the search does not", text, crm.RecordID("c", key))
				}
				delete(found, key)
			}
			for key := range found {
				if !exact[key] {
					t.Errorf("%q finds %s, search= does not", text, crm.RecordID("c", key))
				}
			}
		}
		if ranks := len(seen); ranks != query.RankOther+1 {
			t.Errorf("only the ranks %v were seen", seen)
		}
	})
}
