package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/storetest/kit"
)

// multiply adds n copies of an activity.
func (f *fixture) multiply(actor crm.Actor, rec crm.Record, n int) {
	f.t.Helper()
	columns := strings.Join(f.catalog().ColumnNames("activities", "key"), ", ")
	f.write(actor, func(tx *Tx) error {
		err := tx.Exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO activities (key, %s) SELECT key + i, %s FROM c CROSS JOIN activities WHERE key = %d", n, columns, columns, rec.Key))
		if err != nil {
			return err
		}
		return tx.Exec("UPDATE usage SET n = n + $2, last = last + $2 WHERE workspace_id = $1 AND kind = 'activities'", actor.Workspace, n)
	})
}

// TestPlanLimitBesideADeleteReadsLittle makes activities in a plan that is used up, while very
// many activities are being deleted or lose their reference to a deleted contact. The check of
// the limit does not read them all.
func TestPlanLimitBesideADeleteReadsLittle(t *testing.T) {
	const many = 30_000
	for _, c := range []limitBesideDelete{
		{"they are deleted", many, false, many + 2, "", 250},
		{"the plan allows far fewer", many, false, 50, "those that are being deleted still count", 250},
		{"they remain", many, true, many + 2, "those that are being deleted still count", 5 * maxLeavingSearch},
	} {
		t.Run(c.name, func(t *testing.T) { engines(t, c.run) })
	}
}

// limitBesideDelete is a case of TestPlanLimitBesideADeleteReadsLittle.
type limitBesideDelete struct {
	name   string
	many   int    // activities of the deleted contact
	remain bool   // they refer to a deal too, and are not deleted
	limit  int64  // how many activities the plan allows
	hint   string // of the error for one more; empty: it is saved
	pages  int    // a create reads at most, on SQLite
}

func (c limitBesideDelete) run(t *testing.T, f *fixture) {
	f.cascades.step = 1
	ann := f.member("ann@example.com")
	big, bob := f.save(ann, "contact", "name", "Big"), f.save(ann, "contact", "name", "Bob")
	more := f.draft("activity", "body", "b", "contact_id", bob)
	f.save(ann, "activity", "body", "b", "contact_id", bob)
	pairs := []any{"body", "b", "contact_id", big}
	if c.remain {
		pairs = append(pairs, "deal_id", f.save(ann, "deal", "title", "D"))
	}
	f.multiply(ann, f.save(ann, "activity", pairs...), c.many)
	ann.Plan = "small"
	f.Store.opts.Plans = append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: "activities", Max: c.limit}}})
	f.write(ann, func(tx *Tx) error {
		if later, err := tx.Delete(f.record(tx, big)); err != nil || !later {
			t.Errorf("deleted at once: %v", err)
		}
		for range 2 {
			before := f.writerOf(ann).PagesRead()
			err := tx.Savepoint(func() error {
				_, err := tx.Save(more)
				return err
			})
			if refused := (*crm.Error)(nil); err != nil && !errors.As(err, &refused) {
				return err // the function runs again, with savepoints
			}
			if n := f.writerOf(ann).PagesRead() - before; n > c.pages {
				t.Errorf("an activity reads %d pages, more than %d", n, c.pages)
			}
			c.check(t, err)
		}
		return nil
	})
}

// check checks the error of a create.
func (c limitBesideDelete) check(t *testing.T, err error) {
	t.Helper()
	if c.hint == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	kit.WantCode(t, "an activity", err, crm.PlanLimitReached)
	if err != nil && !strings.Contains(err.Error(), c.hint) {
		t.Error(err)
	}
}

// TestAListBesideADeleteReadsLittle lists the activities of a contact while very many of
// another contact are being deleted. The planner does not count those.
func TestAListBesideADeleteReadsLittle(t *testing.T) { onDisk(t, aListBesideADeleteReadsLittle) }

func aListBesideADeleteReadsLittle(t *testing.T, f *fixture) {
	f.cascades.step = 1
	ann := f.member("ann@example.com")
	big, bob := f.save(ann, "contact", "name", "Big"), f.save(ann, "contact", "name", "Bob")
	f.save(ann, "activity", "body", "b", "contact_id", bob)
	f.multiply(ann, f.save(ann, "activity", "body", "b", "contact_id", big), 30_000)
	pages := func() (n int) {
		for _, conn := range f.conns {
			n += conn.PagesRead()
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
