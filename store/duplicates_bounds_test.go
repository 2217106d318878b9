package store

import (
	"fmt"
	"testing"

	"crmkit/crm"
	"crmkit/store/duplicates"
	"crmkit/store/storetest/kit"
)

// TestMergesOfOneRecordAreBounded merges records into one that has nearly as many as one may have.
func TestMergesOfOneRecordAreBounded(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		winner, other, third := f.save(ann, "contact", "name", "Jane"), f.save(ann, "contact", "name", "J."), f.save(ann, "contact", "name", "Janet")
		f.write(ann, func(tx *Tx) error {
			for n := range int64(1998) { // handles of records that are long gone
				key := crm.RecordKey(ann.Workspace, 1_000_000+n)
				into := []int64{winner.Key, other.Key}[n%2]
				if err := tx.Exec("INSERT INTO merged (workspace_id, kind, record, winner, created_at) VALUES ($1, 'contact', $2, $3, 0)", ann.Workspace, key, into); err != nil {
					return err
				}
			}
			return nil
		})
		_, err := f.tryMerge(ann, third, winner, other) // 1998 and 2
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.tryMerge(ann, f.save(ann, "contact", "name", "Jan"), third)
		kit.WantCode(t, "one more", err, crm.InvalidValue)
		if got := f.raw(1, "SELECT COUNT(*) FROM merged WHERE winner = "+fmt.Sprint(third.Key)); got[0] != "2000" {
			t.Errorf("%v lead to the record", got)
		}
		f.settled()
	})
}

// TestDismissedPairsOfARecordAreBounded dismisses many pairs of one record, and merges it into another one
// that has nearly as many. This one inherits them once, and has then too many to inherit more.
func TestDismissedPairsOfARecordAreBounded(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		one, two := f.save(ann, "contact", "name", "Jane"), f.save(ann, "contact", "name", "Janet")
		dismiss := func(rec crm.Record, from, n int64) error {
			return f.Write(t.Context(), ann, func(tx *Tx) error {
				for i := range n {
					pair := [2]int64{rec.Key, crm.RecordKey(ann.Workspace, 1000+from+i)}
					if _, err := duplicates.Dismiss(tx, duplicates.Dismissal{Entity: rec.Entity, Pair: pair, At: tx.Now(), By: ann.Email}); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := dismiss(one, 0, 500); err != nil {
			t.Fatal(err)
		}
		kit.WantCode(t, "one more", dismiss(one, 500, 1), crm.InvalidValue)
		if err := dismiss(one, 7, 1); err != nil {
			t.Errorf("one that is dismissed already: %v", err)
		}
		if err := dismiss(two, 400, 499); err != nil {
			t.Fatal(err)
		}
		f.merge(ann, two, one)
		pairs := func(what string) string {
			return f.raw(1, "SELECT COUNT(*) FROM dismissed_pairs WHERE "+what+" = "+fmt.Sprint(two.Key))[0]
		}
		if a, b := pairs("record"), pairs("other"); a != b || a != "899" {
			t.Errorf("%s and %s pairs, want 899", a, b)
		}
		three := f.save(ann, "contact", "name", "Jan")
		if err := dismiss(three, 5000, 1); err != nil {
			t.Fatal(err)
		}
		f.merge(ann, two, three)
		if a, b := pairs("record"), pairs("other"); a != b || a != "899" {
			t.Errorf("%s and %s pairs after the second merge, want 899", a, b)
		}
		if left := f.raw(1, "SELECT COUNT(*) FROM dismissed_pairs")[0]; left != "1798" {
			t.Errorf("%s rows are left", left)
		}
	})
}
