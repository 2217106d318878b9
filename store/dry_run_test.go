package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/dryrun"
	"crmkit/store/storetest/kit"
)

// dryRunStep runs a step of a dry run, which must not fail.
func (f *fixture) dryRunStep(actor crm.Actor, r *dryrun.Run, fn func(*Tx) error) {
	f.t.Helper()
	if err := f.DryRunStep(f.t.Context(), actor, r, fn); err != nil {
		f.t.Fatalf("DryRunStep: %v", err)
	}
}

// TestDryRunExchangesUniqueValues exchanges the addresses of two records in three steps. Each step
// sees the changes of the earlier ones, and the file does not change.
func TestDryRunExchangesUniqueValues(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		a, b := f.save(ann, "contact", "name", "A", "email", "a@x.com"), f.save(ann, "contact", "name", "B", "email", "b@x.com")
		r := dryrun.New(1 << 20)
		set := func(rec crm.Record, email any) func(*Tx) error {
			return func(tx *Tx) error {
				_, err := tx.Update(rec.Key, f.draft("contact", "email", email))
				return err
			}
		}
		f.dryRunStep(ann, r, set(a, nil))
		f.dryRunStep(ann, r, set(b, "a@x.com"))
		f.dryRunStep(ann, r, set(a, "b@x.com"))
		for _, want := range []struct {
			email string
			rec   crm.Record
		}{{"a@x.com", b}, {"b@x.com", a}} {
			f.dryRunStep(ann, r, func(tx *Tx) error {
				key, err := tx.KeyOf(a.Entity, crm.Str(want.email))
				if key != want.rec.Key {
					t.Errorf("%s is that of %d, not %d", want.email, key, want.rec.Key)
				}
				return err
			})
		}
		for _, rec := range []crm.Record{a, b} {
			f.dryRunStep(ann, r, func(tx *Tx) error {
				now, _, err := tx.Lookup(rec.Entity, rec.Key)
				if email := now.Value("email"); email.Equal(rec.Value("email")) || !email.Set() {
					t.Errorf("%s has %v", rec.Value("name").Text, email)
				}
				return err
			})
		}
		err := f.DryRunStep(t.Context(), ann, r, set(a, "a@x.com"))
		kit.WantCode(t, "an address that was taken in an earlier step", err, crm.AlreadyExists)
		if d := equalRecords(f.fetch(ann, a), a); d != "" {
			t.Error("the dry run changed the record: " + d)
		}
	})
}

// TestDryRunRecordsAreNotRealOnes creates real records between the steps. Records of the dry run
// are never mistaken for them, and references to records of the dry run stay as they are.
func TestDryRunRecordsAreNotRealOnes(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		r := dryrun.New(1 << 20)
		f.dryRunStep(ann, r, func(tx *Tx) error {
			out, err := tx.Save(f.draft("company", "name", "Ghost", "domain", "ghost.com"))
			if err != nil {
				return err
			}
			_, err = tx.Save(f.draft("contact", "name", "Casper", "email", "c@ghost.com", "company_id", out.After))
			return errors.Join(err, tx.SaveImportMapping("old", out.After.Entity, "7", out.After.Key))
		})
		real := f.save(ann, "company", "name", "Real", "domain", "real.com")
		f.dryRunStep(ann, r, func(tx *Tx) error {
			out, err := tx.Save(f.draft("contact", "email", "c@ghost.com", "notes", "n"))
			if err != nil || out.Result != Updated || out.Before.Value("name").Text != "Casper" || !r.Made(out.After) {
				t.Errorf("the contact is %v, %s: %v", out.Before.Values, out.Result, err)
			}
			key, err := tx.ImportMapping("old", real.Entity, "7")
			if err != nil || key == real.Key || out.Before.Value("company_id").Int != key {
				t.Errorf("the company is %d, the contact's %v, the real one %d: %v", key, out.Before.Value("company_id"), real.Key, err)
			}
			rec, found, err := tx.Lookup(real.Entity, key)
			if err != nil || !found || rec.Value("domain").Text != "ghost.com" {
				t.Errorf("the company is %v, %v: %v", rec.Values, found, err)
			}
			out, err = tx.Save(f.draft("company", "domain", "real.com", "notes", "n"))
			if err != nil || out.Result != Updated || r.Made(out.After) {
				t.Errorf("the real company is %s: %v", out.Result, err)
			}
			return err
		})
		f.save(ann, "contact", "name", "Boo", "email", "c@ghost.com") // an address that the dry run has given to its own contact
		f.dryRunStep(ann, r, func(tx *Tx) error {
			key, err := tx.KeyOf(f.Schema.ByName("contact"), crm.Str("c@ghost.com"))
			if key == 0 {
				t.Error("no contact has the address")
			}
			return err
		})
		if n := f.raw(1, "SELECT COUNT(*) FROM companies"); !slices.Equal(n, []string{"1"}) {
			t.Errorf("%s companies", n)
		}
	})
}

// TestDryRunCountsStorageAsWritesDo compares the storage of steps with that of the same writes, to
// the byte. The row of the log about the actor counts once. Steps and savepoints that fail count
// nothing.
func TestDryRunCountsStorageAsWritesDo(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		used := func() (n int64) {
			list, err := f.Usage(t.Context(), ann)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range list {
				if u.Resource == catalog.Storage {
					n = u.Used
				}
			}
			return n
		}
		var steps []func(*Tx) error
		for _, name := range []string{"A", "B", "C"} {
			steps = append(steps, func(tx *Tx) error {
				_, err := tx.Save(f.draft("contact", "name", name, "email", name+"@x.com"))
				return err
			})
		}
		r, before := dryrun.New(1<<20), used()
		boom := errors.New("boom")
		for _, step := range steps {
			fails := func(tx *Tx) error { return errors.Join(step(tx), boom) }
			if err := f.DryRunStep(t.Context(), ann, r, fails); !errors.Is(err, boom) {
				t.Fatal(err)
			}
			f.dryRunStep(ann, r, func(tx *Tx) error {
				if err := tx.Savepoint(func() error { return fails(tx) }); !errors.Is(err, boom) {
					t.Error(err)
				}
				return step(tx)
			})
		}
		if n := used(); n != before {
			t.Errorf("the steps left %d bytes", n-before)
		}
		for _, step := range steps {
			f.write(ann, step)
		}
		if n := used() - before; n != r.Grown() {
			t.Errorf("the steps take %d bytes, the writes %d", r.Grown(), n)
		}
	})
}

// TestDryRunStepsJoinNoBatch queues a step with writes. The step has a transaction of its own, so
// the writes are committed and the step runs once.
func TestDryRunStepsJoinNoBatch(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		runs := 0
		release := f.block()
		answers := f.queue(t.Context(), ann, f.insert("one"), f.insert("two"))
		r, done := dryrun.New(1<<20), make(chan error, 1)
		go func() {
			done <- f.DryRunStep(t.Context(), ann, r, func(tx *Tx) error {
				runs++
				_, err := tx.Save(f.draft("contact", "name", "step"))
				return err
			})
		}()
		release()
		for _, err := range append(answers(), <-done) {
			if err != nil {
				t.Error(err)
			}
		}
		if names := f.raw(1, "SELECT name FROM contacts ORDER BY name"); runs != 1 || !slices.Equal(names, []string{"one", "two"}) {
			t.Errorf("%d runs, %v", runs, names)
		}
	})
}

// TestDryRunRemembersChanges checks that a dry run remembers only the changed fields of real
// records, up to a limit, after which the next step is refused.
func TestDryRunRemembersChanges(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		large, most := strings.Repeat("x", 50_000), int64(200_000)
		var there []crm.Record
		for i := range 20 {
			there = append(there, f.save(ann, "contact", "name", fmt.Sprint("N", i), "email", fmt.Sprint("n", i, "@x.com"), "notes", large))
		}
		r := dryrun.New(most)
		step := func(rec crm.Record, pairs ...any) error {
			return f.DryRunStep(t.Context(), ann, r, func(tx *Tx) error {
				_, err := tx.Update(rec.Key, f.draft("contact", pairs...))
				return err
			})
		}
		for i, rec := range there {
			if err := step(rec, "name", fmt.Sprint("M", i)); err != nil {
				t.Fatalf("the change of a name takes %d bytes: %v", r.Memory(), err)
			}
		}
		f.save(ann, "contact", "email", "n0@x.com", "phone", "+49 30 1") // a real write between two steps
		f.dryRunStep(ann, r, func(tx *Tx) error {
			key, err := tx.KeyOf(there[0].Entity, crm.Str("n0@x.com"))
			rec, _, failed := tx.Lookup(there[0].Entity, there[0].Key)
			if key != there[0].Key || rec.Value("name").Text != "M0" || rec.Value("notes").Text != large || !rec.Value("phone").Set() {
				t.Errorf("the record is %d: name %s, phone %v, %d bytes of notes", key, rec.Value("name").Text, rec.Value("phone"), len(rec.Value("notes").Text))
			}
			return errors.Join(err, failed)
		})
		steps := 0
		for ; steps < len(there); steps++ {
			if err := step(there[steps], "notes", large+"y"); err != nil {
				if !errors.Is(err, dryrun.ErrFull) {
					t.Error(err)
				}
				break
			}
		}
		if steps != 4 {
			t.Errorf("%d changes of 50,000 bytes fit into %d", steps, most)
		}
		if d := equalRecords(f.fetch(ann, there[1]), there[1]); d != "" {
			t.Error("the dry run changed the record: " + d)
		}
	})
}

// TestDryRunStepsLeaveCachesAlone checks that steps of a dry run leave the caches as they are.
func TestDryRunStepsLeaveCachesAlone(t *testing.T) {
	f := onFile(t)
	ann := f.member("ann@example.com")
	jane := f.save(ann, "contact", "name", "Jane")
	f.save(ann, "activity", "body", "b", "contact_id", jane)
	find := func(word string) int64 { return f.list(ann, "activity", "search="+word).Total }
	change := func(name string) {
		f.write(ann, func(tx *Tx) error {
			_, err := tx.Update(jane.Key, f.draft("contact", "name", name))
			return err
		})
	}
	r := dryrun.New(1 << 20)
	step := func() {
		f.dryRunStep(ann, r, func(tx *Tx) error {
			_, err := tx.Save(f.draft("activity", "body", "Joe", "contact_id", jane))
			return err
		})
	}
	if find("jane") != 1 {
		t.Fatal("no activity of Jane")
	}
	for _, name := range []string{"Other", "Third"} {
		change(name)
		before := f.indexes.Len()
		for range 3 {
			step()
		}
		if n := f.indexes.Len(); n != before || before == 0 {
			t.Errorf("of %d text indexes %d are left", before, n)
		}
		if find(name) != 1 || find("joe") != 0 || find("jane") != 0 {
			t.Errorf("%d activities of %s, %d of Joe, %d of Jane", find(name), name, find("joe"), find("jane"))
		}
	}
}
