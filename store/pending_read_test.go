package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/storetest/kit"
)

// TestPendingDeletesFreeThePlanLimit deletes a contact with all activities that a plan allows, and
// creates as many in the same transaction, before the activities are deleted.
func TestPendingDeletesFreeThePlanLimit(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 1, 1
		f.Store.opts.Plans = append(catalog.BuiltinPlans(), catalog.Plan{Name: "small", Caps: []catalog.Cap{{Resource: "activities", Max: 3}}})
		ann := f.member("ann@example.com")
		ann.Plan = "small"
		jane, bob := f.save(ann, "contact", "name", "Jane"), f.save(ann, "contact", "name", "Bob")
		for range 3 {
			f.save(ann, "activity", "body", "b", "contact_id", jane)
		}
		more := f.draft("activity", "body", "b", "contact_id", bob)
		_, err := f.trySave(ann, more)
		kit.WantCode(t, "a fourth activity", err, crm.PlanLimitReached)
		f.write(ann, func(tx *Tx) error {
			if later, err := tx.Delete(jane); err != nil || !later {
				t.Errorf("deleted at once: %v", err)
			}
			for range 3 {
				if _, err := tx.Save(more); err != nil {
					t.Errorf("an activity beside a pending delete: %v", err)
				}
			}
			return nil
		})
		f.settled()
		_, err = f.trySave(ann, more)
		kit.WantCode(t, "one too many", err, crm.PlanLimitReached)
		f.checkCounters(ann)
	})
}

// TestUpdateBesideALostReference checks that a record with a reference to a deleted record is read
// and updated as if the reference were unset, and that the log still has the reference.
func TestUpdateBesideALostReference(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 1, 1
		ann := f.member("ann@example.com")
		acme, other := f.save(ann, "company", "name", "Acme"), f.save(ann, "company", "name", "Other")
		var contacts []crm.Record
		for range 4 {
			contacts = append(contacts, f.save(ann, "contact", "name", "n", "company_id", acme))
		}
		at := contacts[3]
		f.write(ann, func(tx *Tx) error {
			if _, err := tx.Delete(acme); err != nil {
				return err
			}
			seen, err := tx.Fetch(at.Entity, at.Key)
			if err != nil || seen.Value("company_id").Set() || seen.Version() != 1 {
				t.Errorf("before the change: company %v, version %d, %v", seen.Value("company_id"), seen.Version(), err)
			}
			d := f.draft("contact", "company_id", other)
			d.Version = 1
			out, err := tx.Update(at.Key, d)
			if out.Before.Value("company_id").Set() || out.After.Value("company_id").Int != other.Key {
				t.Errorf("the change went from %v to %v", out.Before.Value("company_id"), out.After.Value("company_id"))
			}
			return err
		})
		f.settled()
		want := []string{"create", "update", "update"}
		got := f.raw(1, "SELECT action FROM changes WHERE target = '"+at.Handle()+"' ORDER BY key")
		made := f.list(ann, "change", "target="+at.Handle()+"&action=create").Records
		if !slices.Equal(got, want) || len(made) != 1 || !strings.Contains(fmt.Sprint(made[0].Value("to").Members()), acme.ID) {
			t.Errorf("the log has %v, and the create is %v", got, made)
		}
	})
}

// TestAChangeBetweenAMoveAndADelete moves a contact to another company and deletes the old company.
// Before any step of these two it updates and deletes activities of the contact.
func TestAChangeBetweenAMoveAndADelete(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		f.cascades.atOnce, f.cascades.step = 1, 1
		ann := f.member("ann@example.com")
		company, contacts := f.group(ann, 1)
		other := f.save(ann, "company", "name", "Other")
		for range 4 {
			f.save(ann, "activity", "body", "b", "kind", "call", "contact_id", contacts[0])
		}
		e := f.Schema.ByName("activity")
		f.write(ann, func(tx *Tx) error {
			if _, err := tx.Update(contacts[0].Key, f.draft("contact", "company_id", other)); err != nil {
				return err
			}
			if later, err := tx.Delete(f.record(tx, company)); err != nil || !later {
				t.Errorf("deleted at once: %v", err)
			}
			if _, err := tx.Update(crm.RecordKey(ann.Workspace, 3), f.draft("activity", "body", "other")); err != nil {
				return err
			}
			rec, err := tx.Fetch(e, crm.RecordKey(ann.Workspace, 4))
			if err == nil {
				_, err = tx.Delete(rec)
			}
			return err
		})
		f.settled()
		f.checkSignals()
		f.checkCounters(ann)
	})
}

// record reads a record again, in a transaction.
func (f *fixture) record(tx *Tx, rec crm.Record) crm.Record {
	f.t.Helper()
	now, err := tx.Fetch(rec.Entity, rec.Key)
	if err != nil {
		f.t.Error(err)
	}
	return now
}
