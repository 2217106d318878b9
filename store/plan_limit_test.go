package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
)

// multiply adds n copies of an activity.
func (f *fixture) multiply(actor crm.Actor, rec crm.Record, n int) {
	f.t.Helper()
	columns := strings.Join(f.raw(1, "SELECT name FROM pragma_table_info('activities') WHERE name <> 'key'"), ", ")
	f.write(actor, func(tx *Tx) error {
		err := tx.Exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO activities (key, %s) SELECT key + i, %s FROM c CROSS JOIN activities WHERE key = %d", n, columns, columns, rec.Key))
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE usage SET n = n + $2, last = last + $2 WHERE workspace_id = $1 AND kind = 'activities'", actor.Workspace, n)
	})
}

// TestRoomBesideADeleteIsFoundAtOnce makes activities in a plan that is in use to the last,
// beside very many that go or lose a reference with a record that is gone: none reads all.
func TestRoomBesideADeleteIsFoundAtOnce(t *testing.T) {
	const many = 30_000
	for _, c := range []struct {
		name  string
		other bool  // they refer to another record too, and stay
		limit int64 // how many activities the plan allows
		hint  string
		pages int // that the first of two creates reads at most
	}{
		{"they go", false, many + 2, "", 250},
		{"the plan allows far fewer", false, 50, "those that are being deleted still count", 250},
		{"they stay", true, many + 2, "those that are being deleted still count", 5 * maxLeavingSearch},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := onFile(t)
			f.cascades.step = 1
			ann := f.member("ann@example.com")
			big, bob := f.save(ann, "contact", "name", "Big"), f.save(ann, "contact", "name", "Bob")
			more := f.draft("activity", "body", "b", "contact_id", bob)
			f.save(ann, "activity", "body", "b", "contact_id", bob)
			if c.other {
				deal := f.save(ann, "deal", "title", "D")
				f.multiply(ann, f.save(ann, "activity", "body", "b", "contact_id", big, "deal_id", deal), many)
			} else {
				f.multiply(ann, f.save(ann, "activity", "body", "b", "contact_id", big), many)
			}
			ann.Plan = "small"
			f.Store.opts.Plans = append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: "activities", Max: c.limit}}})
			f.write(ann, func(tx *Tx) error {
				if later, err := tx.Delete(f.record(tx, big)); err != nil || !later {
					t.Errorf("deleted at once: %v", err)
				}
				for range 2 {
					before := f.writer.conn.PagesRead()
					err := tx.Savepoint(func() error {
						_, err := tx.Save(more)
						return err
					})
					if errors.Is(err, errPartialWrite) {
						return err // it runs again, with savepoints
					}
					if n := f.writer.conn.PagesRead() - before; n > c.pages {
						t.Errorf("an activity reads %d pages, more than %d", n, c.pages)
					}
					if c.hint == "" && err != nil {
						t.Error(err)
					} else if c.hint != "" {
						wantCode(t, "an activity", err, crm.PlanLimitReached)
						if err != nil && !strings.Contains(err.Error(), c.hint) {
							t.Error(err)
						}
					}
				}
				return nil
			})
		})
	}
}

// TestAListBesideADeleteReadsLittle lists the activities of a contact while very many of
// another are about to go: which way leads to them is chosen without counting those.
func TestAListBesideADeleteReadsLittle(t *testing.T) {
	f := onFile(t)
	f.cascades.step = 1
	ann := f.member("ann@example.com")
	big, bob := f.save(ann, "contact", "name", "Big"), f.save(ann, "contact", "name", "Bob")
	f.save(ann, "activity", "body", "b", "contact_id", bob)
	f.multiply(ann, f.save(ann, "activity", "body", "b", "contact_id", big), 30_000)
	pages := func() (n int) {
		for range cap(f.readers) {
			r := <-f.readers
			n += r.PagesRead()
			f.readers <- r
		}
		return n
	}
	f.removeThen(ann, big, func() {
		before := pages()
		if n := f.list(ann, "activity", "contact_id="+bob.ID).Total; n != 1 {
			t.Errorf("%d activities of Bob", n)
		}
		if n := pages() - before; n > 500 {
			t.Errorf("a list of one activity reads %d pages", n)
		}
	})
}
