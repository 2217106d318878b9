package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"crmkit/crm"
)

// TestCountsInOneTransaction makes, changes and deletes records in parts of one transaction, some of which
// fail, and reads the counts between: each read must find what a recount finds, and so must the
// next transaction.
func TestCountsInOneTransaction(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 1))
		ann := f.member("ann@example.com")
		oops := errors.New("oops")
		var made []crm.Record
		for range 5 {
			var now []crm.Record // of this transaction, which may run twice
			f.write(ann, func(tx *Tx) error {
				now = made
				for range 40 {
					fail, after := random.IntN(4) == 0, []crm.Record(nil)
					err := tx.Savepoint(func() (err error) {
						if after, err = f.countedChange(tx, random, now); err == nil && fail {
							err = oops
						}
						return err
					})
					if err == nil {
						now = after
					} else if !errors.Is(err, oops) {
						return err
					}
					if random.IntN(6) == 0 {
						f.checkCountsIn(tx, len(now))
					}
				}
				return nil
			})
			made = now
			f.checkCounters(ann)
			f.checkUses()
		}
	})
}

// countedChange makes, changes or deletes a contact, and returns those that there are then.
func (f *fixture) countedChange(tx *Tx, random *rand.Rand, there []crm.Record) ([]crm.Record, error) {
	stage := fmt.Sprint("s", random.IntN(3))
	at := 0
	if len(there) > 0 {
		at = random.IntN(len(there))
	}
	switch n := random.IntN(4); {
	case n == 0 && len(there) > 0:
		rec, err := tx.Fetch(there[at].Entity, there[at].Key)
		if err == nil {
			_, err = tx.Delete(rec)
		}
		rest := append([]crm.Record(nil), there[:at]...)
		return append(rest, there[at+1:]...), err
	case n == 1 && len(there) > 0:
		_, err := tx.Update(there[at].Key, f.draft("contact", "stage", stage))
		return there, err
	}
	out, err := tx.Save(f.draft("contact", "name", "n", "stage", stage, "tags", []string{"t" + stage}))
	return append(there[:len(there):len(there)], out.After), err
}

// checkCountsIn compares the counts that statements of a transaction find with the records it has.
func (f *fixture) checkCountsIn(tx *Tx, records int) {
	f.t.Helper()
	for _, text := range []string{
		"SELECT n FROM usage WHERE workspace_id = $1 AND kind = 'contacts'",
		"SELECT COALESCE(SUM(n), 0) FROM values_in_use WHERE workspace_id = $1 AND kind = 'contact' AND field = 'stage'",
	} {
		var n int
		if _, err := tx.Row(text, []any{tx.Actor.Workspace}, &n); err != nil || n != records {
			f.t.Errorf("%s finds %d (%v), there are %d", text, n, err, records)
		}
	}
}
