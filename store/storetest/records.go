package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"crmkit/crm"
	"crmkit/store"
)

// testWrites makes and changes a record, and reads it back after each step.
func testWrites(f *fixture) {
	ann := f.member("ann@example.com")
	out, err := f.trySave(ann, f.draft("contact", "name", "Jane", "email", "jane@acme.com", "tags", []string{"vip"}))
	if err != nil || out.Result != store.Created || out.After.Version() != 1 {
		f.t.Fatalf("create: %+v, %v", out, err)
	}
	jane := out.After
	if got := f.fetch(ann, jane); !slices.EqualFunc(got.Values, jane.Values, crm.Value.Equal) {
		f.t.Errorf("stored is %v, want %v", got.Values, jane.Values)
	}
	out, err = f.trySave(ann, f.draft("contact", "email", "jane@acme.com", "name", "Jane Doe"))
	if err != nil || out.Result != store.Updated || out.After.ID != jane.ID || out.Before.Value("name").Text != "Jane" {
		f.t.Errorf("save with a known unique value: %+v, %v", out, err)
	}
	out, err = f.tryUpdate(ann, jane, f.draft("contact", "name", "Jane Doe"))
	if err != nil || out.Result != store.Unchanged || out.After.Version() != 2 {
		f.t.Errorf("update with the same value: %+v, %v", out, err)
	}
	stale := f.draft("contact", "name", "Late")
	stale.Version = 1
	_, err = f.tryUpdate(ann, jane, stale)
	f.wantCode("update at an old version", err, crm.VersionConflict)
	if got := f.fetch(ann, jane); got.Value("name").Text != "Jane Doe" || got.Version() != 2 {
		f.t.Errorf("stored is %v at version %d", got.Value("name"), got.Version())
	}
	if n := f.used(ann, "contacts"); n != 1 {
		f.t.Errorf("%d contacts are counted", n)
	}
}

// testFailedWrites holds that a write that fails leaves nothing, and that one which fails with
// an error given to CommitWithError leaves everything.
func testFailedWrites(f *fixture) {
	ann := f.member("ann@example.com")
	oops := errors.New("oops")
	draft := f.draft("contact", "name", "Jane")
	err := f.Write(f.t.Context(), ann, func(tx *store.Tx) error {
		_, err := tx.Save(draft)
		return errors.Join(err, oops)
	})
	if !errors.Is(err, oops) || f.list(ann, "contact", "").Total != 0 || f.used(ann, "contacts") != 0 {
		f.t.Errorf("after a write that failed with %v there are %d contacts", err, f.list(ann, "contact", "").Total)
	}
	err = f.Write(f.t.Context(), ann, func(tx *store.Tx) error {
		inner := tx.Savepoint(func() error {
			_, err := tx.Save(draft)
			return errors.Join(err, oops)
		})
		if !errors.Is(inner, oops) {
			return inner
		}
		if _, err := tx.Save(draft); err != nil {
			return err
		}
		return tx.CommitWithError(oops)
	})
	if !errors.Is(err, oops) || f.list(ann, "contact", "").Total != 1 || f.used(ann, "contacts") != 1 {
		f.t.Errorf("after a write that commits with %v there are %d contacts", err, f.list(ann, "contact", "").Total)
	}
}

// testUniqueValues holds that a unique value belongs to one record of a workspace.
func testUniqueValues(f *fixture) {
	ann, bob := f.member("ann@example.com"), f.member("bob@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "email", "jane@acme.com")
	joe := f.save(ann, "contact", "name", "Joe", "email", "joe@acme.com")
	_, err := f.tryUpdate(ann, joe, f.draft("contact", "email", "jane@acme.com"))
	f.wantCode("taking the e-mail of another contact", err, crm.AlreadyExists)
	out, err := f.trySave(bob, f.draft("contact", "name", "Our Jane", "email", "jane@acme.com"))
	if err != nil || out.Result != store.Created || out.After.ID == jane.ID {
		f.t.Errorf("an e-mail of another workspace: %+v, %v", out, err)
	}
	if got := f.fetch(ann, jane); !slices.EqualFunc(got.Values, jane.Values, crm.Value.Equal) {
		f.t.Errorf("the contact was changed to %v", got.Values)
	}
	f.remove(ann, jane)
	if _, err := f.tryUpdate(ann, joe, f.draft("contact", "email", "jane@acme.com")); err != nil {
		f.t.Errorf("the e-mail of a deleted contact: %v", err)
	}
}

// testDeletes holds that references to a deleted record are unset, and that records which
// belong to no other are deleted with it.
func testDeletes(f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Acme")
	jane := f.save(ann, "contact", "name", "Jane", "company_id", acme)
	note := f.save(ann, "activity", "kind", "note", "body", "met", "contact_id", jane)
	counts, err := f.Dependents(f.t.Context(), ann, acme)
	if err != nil || len(counts) == 0 {
		f.t.Errorf("dependents: %v, %v", counts, err)
	}
	f.remove(ann, acme)
	if got := f.fetch(ann, jane); got.Value("company_id").Set() {
		f.t.Errorf("the contact still refers to the company")
	}
	f.remove(ann, jane)
	_, err = f.Record(f.t.Context(), ann, note.Entity, note.Key)
	f.wantCode("a note of a deleted contact", err, crm.NotFound)
	for _, kind := range []string{"company", "contact", "activity"} {
		if page := f.list(ann, kind, ""); page.Total != 0 || f.used(ann, f.Schema.ByName(kind).Plural) != 0 {
			f.t.Errorf("%d of kind %s remain", page.Total, kind)
		}
	}
}

// testDeletesOfMany holds that readers see the end of a delete at once, whether the records
// that refer to the deleted one have changed already or not.
func testDeletesOfMany(f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Acme")
	drafts := make([]store.Draft, 250)
	for i := range drafts {
		drafts[i] = f.draft("contact", "name", fmt.Sprintf("Contact %03d", i), "company_id", acme)
	}
	f.write(ann, func(tx *store.Tx) (err error) {
		for _, d := range drafts {
			if _, err = tx.Save(d); err != nil {
				return err
			}
		}
		return nil
	})
	if !f.remove(ann, acme) {
		f.t.Error("a delete of a record with many references is done at once, so this test shows nothing")
	}
	for _, when := range []string{"at once", "when it is done"} {
		if page := f.list(ann, "contact", "company_id=not:null&total=exact"); page.Total != 0 {
			f.t.Errorf("%s %d contacts refer to the company", when, page.Total)
		}
		if page := f.list(ann, "contact", "company_id=is:null&total=exact"); page.Total != int64(len(drafts)) {
			f.t.Errorf("%s %d contacts have no company", when, page.Total)
		}
		if err := f.Settle(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
}

// testLog holds that the log has an entry for each change, with what it changed.
func testLog(f *fixture) {
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	if _, err := f.tryUpdate(ann, jane, f.draft("contact", "name", "Jane Doe")); err != nil {
		f.t.Fatal(err)
	}
	f.remove(ann, jane)
	var got []string
	for _, rec := range f.list(ann, "change", "target="+jane.ID+"&sort=at").Records {
		got = append(got, rec.Value("action").Text)
	}
	if !slices.Equal(got, []string{"create", "update", "delete"}) {
		f.t.Errorf("the log has %q", got)
	}
}

// testConcurrentWrites holds that counters are right after writes of several goroutines, some
// of which fail.
func testConcurrentWrites(f *fixture) {
	actors := []crm.Actor{f.member("ann@example.com"), f.member("bob@example.com")}
	oops := errors.New("oops")
	draft := f.draft("contact", "name", "n")
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for i := range 20 {
				err := f.Write(f.t.Context(), actors[worker%2], func(tx *store.Tx) error {
					if _, err := tx.Save(draft); err != nil || i%4 != 0 {
						return err
					}
					return oops
				})
				if err != nil && !errors.Is(err, oops) {
					f.t.Errorf("write: %v", err)
				}
			}
		})
	}
	workers.Wait()
	for _, actor := range actors {
		total, counted := f.list(actor, "contact", "total=exact").Total, f.used(actor, "contacts")
		if total != 4*15 || counted != total || len(f.walk(actor, "contact", "limit=7")) != int(total) {
			f.t.Errorf("%d contacts are counted as %d", total, counted)
		}
	}
}

// testReopening holds that a file has everything that was answered, also after it is opened
// again.
func testReopening(f *fixture) {
	if f.opts.Path == store.Memory {
		return // which leaves nothing behind
	}
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	_, err := f.Record(f.t.Context(), ann, jane.Entity, jane.Key)
	f.wantCode("a read after Close", err, crm.NotReady)
	f.open()
	jane.Entity = f.Schema.ByName("contact")
	if got := f.fetch(ann, jane); got.Value("name").Text != "Jane" {
		f.t.Errorf("stored is %v", got.Values)
	}
	if got := strings.Join(f.walk(ann, "contact", "tags=vip&search=jane"), " "); got != jane.ID {
		f.t.Errorf("found %q", got)
	}
	if again := f.member("ann@example.com"); again.Workspace != ann.Workspace || again.User != ann.User {
		f.t.Errorf("the user is %+v, and was %+v", again, ann)
	}
}
