package store

import (
	"fmt"
	"slices"
	"testing"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/duplicates"
)

// checkKeys compares the table duplicate_keys with the keys of the records of a workspace.
func (f *fixture) checkKeys(actor crm.Actor) {
	f.t.Helper()
	var want []string
	for _, kind := range alike.Kinds {
		for _, rec := range f.list(actor, kind, "limit=200&sort=id").Records {
			for _, key := range alike.Of(rec, "").Keys() {
				want = append(want, fmt.Sprint(kind, " ", key.Hash, " ", rec.Key, " ", key.Sketch))
			}
		}
	}
	got := f.raw(1, "SELECT kind || ' ' || hash || ' ' || record || ' ' || sketch FROM duplicate_keys WHERE workspace_id = $1", actor.Workspace)
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		f.t.Errorf("duplicate_keys has %d rows\n%q\nthe records have %d keys\n%q", len(got), got, len(want), want)
	}
}

// TestUpgradeComputesKeys checks that the records of older files get their keys.
func TestUpgradeComputesKeys(t *testing.T) {
	for _, name := range []string{"schema-0001.db", "schema-0009.db"} {
		f := openAt(t, fixtureFile(t, name))
		for _, hash := range f.raw(1, "SELECT hash FROM secrets ORDER BY token_key") {
			if actor := f.holder(hash); len(f.list(actor, "contact", "").Records) > 0 {
				f.checkKeys(actor)
			}
		}
	}
}

// TestDismissedPairsEndWithARecord checks that what was said about a pair is deleted with either record.
func TestDismissedPairsEndWithARecord(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		actor := f.member("jane@acme.com")
		var list []crm.Record
		for range 4 {
			list = append(list, f.save(actor, "contact", "name", "Jane Doe"))
		}
		for _, pair := range [][2]int{{0, 1}, {2, 0}, {2, 3}} {
			f.write(actor, func(tx *Tx) error {
				_, err := duplicates.Dismiss(tx, duplicates.Dismissal{Entity: list[0].Entity, Pair: [2]int64{list[pair[0]].Key, list[pair[1]].Key}, At: tx.Now(), By: actor.Email})
				return err
			})
		}
		f.remove(actor, list[0])
		got := f.raw(1, "SELECT record || ' ' || other FROM dismissed_pairs ORDER BY record")
		want := []string{fmt.Sprint(list[2].Key, " ", list[3].Key), fmt.Sprint(list[3].Key, " ", list[2].Key)}
		if !slices.Equal(got, want) {
			t.Errorf("dismissed_pairs has %q, want %q", got, want)
		}
		f.checkKeys(actor)
	})
}
