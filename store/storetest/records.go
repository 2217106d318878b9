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

// testWrites creates and changes a record, and reads it back after each step. A save with a unique
// value that exists updates its record, an update that changes nothing makes no new version,
// and an update of an old version is refused and changes nothing.
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
	// E-mail addresses of contacts are unique: this is an update of the record, not a second one.
	out, err = f.trySave(ann, f.draft("contact", "email", "jane@acme.com", "name", "Jane Doe"))
	if err != nil || out.Result != store.Updated || out.After.ID != jane.ID || out.Before.Value("name").Text != "Jane" {
		f.t.Errorf("save with a known unique value: %+v, %v", out, err)
	}
	out, err = f.tryUpdate(ann, jane, f.draft("contact", "name", "Jane Doe"))
	if err != nil || out.Result != store.Unchanged || out.After.Version() != 2 {
		f.t.Errorf("update with the same value: %+v, %v", out, err)
	}
	// A version in a draft is that which its client has read. The record has version 2 by now.
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

// testFailedWrites checks that a write that fails leaves nothing, neither rows nor counts, and
// that a write that fails with an error given to CommitWithError leaves everything. A
// savepoint that fails takes out its own rows alone.
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
		return tx.CommitWithError(oops) // what was saved after the savepoint must remain
	})
	if !errors.Is(err, oops) || f.list(ann, "contact", "").Total != 1 || f.used(ann, "contacts") != 1 {
		f.t.Errorf("after a write that commits with %v there are %d contacts", err, f.list(ann, "contact", "").Total)
	}
}

// testUniqueValues checks that a unique value belongs to one record of a workspace, that other
// workspaces do not see it, and that it is free again after a delete.
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
	f.remove(ann, jane) // frees the address
	if _, err := f.tryUpdate(ann, joe, f.draft("contact", "email", "jane@acme.com")); err != nil {
		f.t.Errorf("the e-mail of a deleted contact: %v", err)
	}
}

// testDeletes checks that references to a deleted record are unset, that records which belong to
// no other record are deleted with it, and that the counters follow.
func testDeletes(f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Acme")
	jane := f.save(ann, "contact", "name", "Jane", "company_id", acme)
	note := f.save(ann, "activity", "kind", "note", "body", "met", "contact_id", jane)
	// Dependents is the preview that clients see before a delete; it must not be empty here.
	counts, err := f.Dependents(f.t.Context(), ann, acme.Entity, []int64{acme.Key})
	if err != nil || len(counts[acme.Key]) == 0 {
		f.t.Errorf("dependents: %v, %v", counts, err)
	}
	f.remove(ann, acme)
	if got := f.fetch(ann, jane); got.Value("company_id").Set() {
		f.t.Errorf("the contact still refers to the company")
	}
	f.remove(ann, jane) // the note refers to nothing else, so it is deleted too
	_, err = f.Record(f.t.Context(), ann, note.Entity, note.Key)
	f.wantCode("a note of a deleted contact", err, crm.NotFound)
	for _, kind := range []string{"company", "contact", "activity"} {
		if page := f.list(ann, kind, ""); page.Total != 0 || f.used(ann, f.Schema.ByName(kind).Plural) != 0 {
			f.t.Errorf("%d of kind %s remain", page.Total, kind)
		}
	}
}

// testDeletesOfMany deletes a record that more records refer to than one transaction changes.
// Readers see the end of the delete at once, before and after the other records are changed.
func testDeletesOfMany(f *fixture) {
	ann := f.member("ann@example.com")
	acme := f.save(ann, "company", "name", "Acme")
	drafts := make([]store.Draft, 250) // more than are changed with the delete itself
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
	// The first round reads while the delete is pending. Settle completes it for the second round,
	// in which the same answers come from the rows themselves.
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

// testLog checks that the log has an entry for each change of a record, in the order of the
// changes, and that it keeps the entries of a deleted record.
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

// testConcurrentWrites checks that counters are right after writes of several goroutines, some
// of which fail. The writer commits several writes in one transaction, so a write that fails
// must be taken out without its neighbours.
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
		// Four workers write to each workspace; of the 20 writes of each, 15 succeed.
		if total != 4*15 || counted != total || len(f.walk(actor, "contact", "limit=7")) != int(total) {
			f.t.Errorf("%d contacts are counted as %d", total, counted)
		}
	}
}

// testReopening checks that a file has every answered write after it is closed and opened again,
// and that a closed store refuses reads. Search and tags must work from the file alone, since
// the text index and the caches are empty.
func testReopening(f *fixture) {
	if f.opts.Path == store.Memory {
		return // there is no file to open again
	}
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane", "tags", []string{"vip"})
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	_, err := f.Record(f.t.Context(), ann, jane.Entity, jane.Key)
	f.wantCode("a read after Close", err, crm.NotReady)
	f.open()
	jane.Entity = f.Schema.ByName("contact") // open made a new schema, and entities are compared by address
	if got := f.fetch(ann, jane); got.Value("name").Text != "Jane" {
		f.t.Errorf("stored is %v", got.Values)
	}
	if got := strings.Join(f.walk(ann, "contact", "tags=vip&search=jane"), " "); got != jane.ID {
		f.t.Errorf("found %q", got)
	}
	// A sign-in finds the user of the file; a new user would get another workspace.
	if again := f.member("ann@example.com"); again.Workspace != ann.Workspace || again.User != ann.User {
		f.t.Errorf("the user is %+v, and was %+v", again, ann)
	}
}
