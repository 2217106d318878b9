package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/store/storetest/kit"
)

// settled completes all cascades, and checks that nothing refers to a deleted record.
func (f *fixture) settled() {
	f.t.Helper()
	if err := f.Settle(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	for _, e := range f.Schema.Entities {
		if e.IsView() {
			continue
		}
		if hidden := f.raw(1, "SELECT key FROM "+e.Plural+" WHERE workspace_id < 0"); len(hidden) > 0 {
			f.t.Errorf("hidden %s remain: %v", e.Plural, hidden)
		}
		for i := range e.Fields {
			if to := e.Target(&e.Fields[i]); to != nil {
				lost := f.raw(1, fmt.Sprintf("SELECT key FROM %s t WHERE %s IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %s r WHERE r.key = t.%s)", e.Plural, e.Fields[i].Col(), to.Plural, e.Fields[i].Col()))
				if len(lost) > 0 {
					f.t.Errorf("%s of %s refers to no record: %v", e.Fields[i].Name, e.Plural, lost)
				}
			}
		}
	}
}

// group is a company with n contacts, each with two activities.
func (f *fixture) group(actor crm.Actor, n int) (company crm.Record, contacts []crm.Record) {
	company = f.save(actor, "company", "name", "Acme", "domain", "acme.com", "tags", []string{"vip"})
	for i := range n {
		contact := f.save(actor, "contact", "name", fmt.Sprint("n", i), "company_id", company)
		f.save(actor, "activity", "body", "b", "kind", "call", "contact_id", contact, "on_behalf_of", "boss@acme.com")
		f.save(actor, "activity", "body", "b", "contact_id", contact)
		contacts = append(contacts, contact)
	}
	return company, contacts
}

// betweenSteps calls read between the steps of cascades that meet an SQL condition, while the
// writer is blocked. It does so at most so many times, and returns how often it did.
func (f *fixture) betweenSteps(most int, condition string, read func(i int)) (reads int) {
	f.t.Helper()
	for reads < most {
		release := f.block()
		rest := len(f.raw(1, "SELECT record FROM cascades WHERE "+condition)) > 0
		if rest {
			read(reads)
			reads++
		}
		release()
		if !rest {
			break
		}
	}
	return reads
}

// removeThen deletes a record with dependents, and calls read after the commit and before
// the next write.
func (f *fixture) removeThen(actor crm.Actor, rec crm.Record, read func()) {
	f.t.Helper()
	f.write(actor, func(tx *Tx) error {
		later, err := tx.Delete(rec)
		if err == nil && !later {
			f.t.Errorf("%s was deleted at once", rec.Handle())
		}
		tx.After(read)
		return err
	})
}

// TestReadersSeeADeleteAtOnce reads between the first step of a delete and the next. Readers see
// no record, label, tag or count of the deleted company.
func TestReadersSeeADeleteAtOnce(t *testing.T) {
	onDisk(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 4, 3
		ann := f.member("ann@example.com")
		company, contacts := f.group(ann, 10)
		f.fetch(ann, contacts[0]) // the record and the label of its company are cached now
		f.list(ann, "contact", "search=acme")
		f.removeThen(ann, f.fetch(ann, company), func() {
			_, err := f.Record(t.Context(), ann, company.Entity, company.Key)
			kit.WantCode(t, "the deleted company", err, crm.NotFound)
			for _, rec := range append(f.list(ann, "contact", "").Records, f.fetch(ann, contacts[0])) {
				if label := rec.Labels[rec.Entity.Index("company_id")]; label != "" {
					t.Errorf("%s shows the name %q", rec.Handle(), label)
				}
			}
			for params, want := range map[string]int64{
				"company.name=Acme": 0, "company.domain=acme.com": 0, "company.tags=vip": 0, "company.activities=gt:0": 0, "company.id=" + company.ID: 0, "search=acme": 0,
				"company.name=is:null": 10, "company.name=ne:Acme": 10,
			} {
				if got := f.list(ann, "contact", params).Total; got != want {
					t.Errorf("contacts?%s finds %d, want %d", params, got, want)
				}
			}
			if got := f.list(ann, "company", "").Total; got != 0 {
				t.Errorf("%d companies are listed", got)
			}
			if tags := f.raw(1, "SELECT name FROM tags JOIN names ON names.key = tags.name_id WHERE kind LIKE 'company%'"); len(tags) > 0 {
				t.Errorf("its labels are in use: %v", tags)
			}
			f.checkCounters(ann)
		})
		f.settled()
		for _, c := range contacts {
			if now := f.fetch(ann, c); now.Value("company_id").Set() || now.Version() != 2 {
				t.Errorf("%s: company %v, version %d", c.Handle(), now.Value("company_id"), now.Version())
			}
		}
		if got := f.list(ann, "activity", "contact_company_id=is:null").Total; got != 20 {
			t.Errorf("%d of 20 activities have no company", got)
		}
		if again := f.save(ann, "company", "name", "Acme", "domain", "acme.com"); again.Key == company.Key {
			t.Error("the number of a deleted record was given to another")
		}
		if got := f.raw(1, "SELECT actor || ' ' || COUNT(*) FROM changes WHERE action = 'update' AND target LIKE 'contact/%' GROUP BY actor"); !slices.Equal(got, []string{"ann@example.com 10"}) {
			t.Errorf("the log has %v", got)
		}
		f.checkSignals()
	})
}

// TestDomainOfADeletedCompanyIsFree creates and deletes companies of one domain while cascades run.
func TestDomainOfADeletedCompanyIsFree(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 1, 1
		ann := f.member("ann@example.com")
		for range 5 {
			company, _ := f.group(ann, 3)
			f.remove(ann, company)
		}
		f.settled()
		f.checkSignals()
		f.checkCounters(ann)
	})
}

// TestCascadesContinueAfterAKill opens a copy of the file as it is after the first step of a
// delete. The store completes the delete.
func TestCascadesContinueAfterAKill(t *testing.T) {
	f := onFile(t)
	f.cascades.atOnce, f.cascades.step = 4, 3
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	company, contacts := f.group(ann, 10)
	f.group(bob, 10)
	path := filepath.Join(t.TempDir(), "killed.db")
	f.removeThen(ann, company, func() {
		for _, part := range []string{"", "-wal"} {
			data, err := os.ReadFile(f.opts.Path + part)
			if err == nil {
				err = os.WriteFile(path+part, data, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	again := f.opts
	again.Path = path
	g := openWith(t, f.clock, again)
	g.settled()
	for _, c := range contacts {
		if g.fetch(ann, c).Value("company_id").Set() {
			t.Errorf("%s still refers to the company", c.Handle())
		}
	}
	g.checkSignals()
	g.checkCounters(ann)
	g.write(bob, (*Tx).deleteWorkspace)
	if err := g.Close(); err != nil { // perhaps before the rows of the workspace are deleted
		t.Fatal(err)
	}
	g = openWith(t, f.clock, again)
	g.settled()
	for table, rows := range g.rowsOf(bob.Workspace) {
		if len(rows) > 0 {
			t.Errorf("%s still has %d rows of a deleted workspace", table, len(rows))
		}
	}
}

// TestActivitiesFollowAMovedContact moves a contact with many activities between companies, also
// before the steps of the last move are done.
func TestActivitiesFollowAMovedContact(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 4, 3
		ann := f.member("ann@example.com")
		one, two := f.save(ann, "company", "name", "One"), f.save(ann, "company", "name", "Two")
		jane := f.save(ann, "contact", "name", "Jane", "company_id", one)
		for i := range 20 {
			f.save(ann, "activity", "body", "b", "contact_id", jane, "occurred_at", crm.Millis(int64(i%7)))
		}
		f.update(ann, jane, "company_id", two)
		f.save(ann, "activity", "body", "b", "contact_id", jane)
		f.update(ann, jane, "company_id", one)
		f.update(ann, jane, "company_id", two)
		f.settled()
		f.checkSignals()
		for company, want := range map[*crm.Record]int64{&one: 0, &two: 21} {
			if got := f.fetch(ann, *company).Value("activities").Int; got != want {
				t.Errorf("%s has %d activities, want %d", company.Handle(), got, want)
			}
		}
	})
}

// TestAStepOfAMoveReadsLittle moves activities that all have the same time. A step that begins
// after many of them reads no more pages than the first step.
func TestAStepOfAMoveReadsLittle(t *testing.T) {
	f := onFile(t)
	f.cascades.step = 3
	ann := f.member("ann@example.com")
	_, contacts := f.group(ann, 1)
	last := f.save(ann, "activity", "body", "b", "contact_id", contacts[0])
	const many = 30_000
	f.write(ann, func(tx *Tx) error {
		columns := strings.Join(f.catalog().ColumnNames("activities", "key"), ", ")
		return tx.Exec(fmt.Sprintf("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO activities (key, %s) SELECT key + i, %s FROM c CROSS JOIN activities WHERE key = %d", many, columns, columns, last.Key))
	})
	var pages int
	f.Watch(func(b Batch) { pages = b.Pages })
	step := func(done int64) int {
		f.write(ann, func(tx *Tx) error {
			return tx.propagateStep(cascade{workspace: ann.Workspace, kind: "activity.contact_company_id", record: contacts[0].Key, at: last.Value("occurred_at").Int, after: last.Key + done})
		})
		return pages
	}
	step(0)
	if first, later := step(0), step(many-10); later > first+20 {
		t.Errorf("the first step reads %d pages, one after %d activities %d", first, many, later)
	}
}
