package store

import (
	"testing"

	"crmkit/crm"
	"crmkit/store/erase"
)

// TestPurgeTakesWhatCameBack restores tasks after the purge of their contact has begun, as a server of an earlier version
// does, which knows nothing of purges that go on. The steps erase these all the same. A task that was restored before,
// and is about a deal by now, stays.
func TestPurgeTakesWhatCameBack(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		ann := f.member("ann@example.com")
		contact := f.save(ann, "contact", "name", "Zed")
		deal := f.save(ann, "deal", "title", "Big")
		back := f.save(ann, "task", "title", "marker back", "contact_id", contact)
		stays := f.save(ann, "task", "title", "of the deal", "contact_id", contact)
		because := Part{Cause: contact}
		f.write(ann, func(tx *Tx) error { // deleted with the contact, and restored with it
			if err := tx.RemoveAgain(stays, because); err != nil {
				return err
			}
			return tx.Revive(stays, because)
		})
		stays = f.update(ann, stays, "contact_id", nil, "deal_id", deal).After
		contact = f.fetch(ann, contact)
		f.write(ann, func(tx *Tx) error {
			if err := tx.Purge(erase.Target{Entity: contact.Entity, Key: contact.Key}, contact); err != nil {
				return err
			}
			alone := back.Clone()
			alone.Set("contact_id", crm.Value{})
			return tx.Revive(alone, because)
		})
		f.settled()
		if list := f.list(ann, "task", "").Records; len(list) != 1 || list[0].Key != stays.Key {
			t.Errorf("the tasks are %v", list)
		}
		if left := f.raw(1, "SELECT COUNT(*) FROM log WHERE before LIKE '%marker%' OR after LIKE '%marker%'"); left[0] != "0" {
			t.Errorf("%s entries have the values", left[0])
		}
		if has := f.raw(1, "SELECT COUNT(*) FROM log WHERE before LIKE '%of the deal%'"); has[0] == "0" {
			t.Error("the values of the other task are gone")
		}
	})
}
