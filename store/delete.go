package store

import (
	"cmp"
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/refusal"
)

// Delete removes a record. References to it become unset, and records that belong to no other record are deleted with
// it; each of these is a change of its own in the log. If they are many they follow later, in steps, and later is
// true. Readers see the final state at once (store/table/pending_view.go), except for values derived from these
// records: counts, last times, and the version of a record that loses a reference.
func (tx *Tx) Delete(rec crm.Record) (later bool, err error) {
	if err := tx.MayChange(rec); err != nil {
		return false, err
	}
	if rec, _, err = tx.detachDangling(rec); err != nil || rec.Entity == nil {
		return false, err
	}
	if err := tx.keepMain(rec, rec.Stub()); err != nil {
		return false, err
	}
	if unsettled, err := tx.Unsettled(rec.Entity, rec.Key); err != nil || unsettled {
		return false, cmp.Or(err, refusal.Restoring(rec.Handle()))
	}
	defer func(cause deleting) { tx.deleting, tx.cause = deleting{}, cause }(tx.cause)
	if tx.deleting = (deleting{rec.Entity, rec.Key}); tx.cause.entity == nil {
		tx.cause = tx.deleting
	}
	if err := tx.deleteMerging(rec); err != nil {
		return false, err
	}
	refs := tx.store.Schema.Referring(rec.Entity)
	if later, err = tx.hasMoreReferences(refs, rec.Key, tx.store.cascades.atOnce); err != nil {
		return false, err
	}
	if later {
		return true, tx.hide("delete", rec, deleted)
	}
	for _, ref := range refs {
		if _, err := tx.detach(ref, rec.Key, tx.store.cascades.atOnce); err != nil {
			return false, err
		}
	}
	return false, tx.remove("delete", rec)
}

// deleting is a record that is being deleted, whose rollups are not updated any more.
type deleting struct {
	entity *crm.Entity
	key    int64
}

func (l deleting) is(e *crm.Entity, key int64) bool { return l.entity == e && l.key == key }

// MayChange refuses the change of a record that another user logged, unless the actor is an admin.
func (tx *Tx) MayChange(rec crm.Record) error {
	author := rec.Value(crm.FieldCreatedBy).Text
	if !rec.Entity.Parents.AuthorOwned || author == tx.Actor.Email || tx.Actor.Role == crm.RoleAdmin {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "%s was logged by %s: only they or an admin may change or delete it. Log what is new with POST /%s.", rec.Handle(), author, rec.Entity.Route())
}

// hasMoreReferences reports whether more than so many records refer to one.
func (tx *Tx) hasMoreReferences(refs []crm.Reference, key int64, left int) (more bool, err error) {
	for _, ref := range refs {
		keys, err := tx.referencingKeys(ref, key, left+1)
		if left -= len(keys); err != nil || left < 0 {
			return true, err
		}
	}
	return false, nil
}

// detach clears a reference in at most so many of the records that hold it, and returns in how many.
func (tx *Tx) detach(ref crm.Reference, to int64, most int) (n int, err error) {
	keys, err := tx.referencingKeys(ref, to, most)
	if err != nil {
		return 0, err
	}
	for i, key := range keys {
		if i > 0 && tx.stepTimeUp() {
			return most, nil // the next step goes on
		}
		if err := tx.clearReference(ref, key); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}

// clearReference clears a reference of a record, or deletes the record if that was the last one it belongs to.
func (tx *Tx) clearReference(ref crm.Reference, key int64) error {
	if ref.Field.Inherited() != nil {
		return tx.setInherited(ref.From, key)
	}
	before, found, err := tx.record(ref.From, key)
	if err != nil || !found {
		return err
	}
	after := before.Clone()
	after.Set(ref.Field.Name, crm.Value{})
	if ref.Orphans(after) {
		return tx.remove("delete", before)
	}
	return tx.replace(before, after)
}

// referencingKeys returns the keys of at most so many records that hold a reference, in ascending order: that of their changes in the log, if there are no more.
func (tx *Tx) referencingKeys(ref crm.Reference, to int64, most int) ([]int64, error) {
	keys, err := tx.keys(fmt.Sprintf("SELECT key FROM %s WHERE UNINDEXED workspace_id = $1 AND %s = $2 LIMIT $3", ref.From.Plural, ref.Field.Col()), tx.Actor.Workspace, to, most)
	slices.Sort(keys)
	return keys, err
}

// remove deletes the row of a record and updates everything derived from it.
func (tx *Tx) remove(action string, rec crm.Record) error {
	e := rec.Entity
	n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", e.Plural), tx.Actor.Workspace, rec.Key)
	if err != nil || n == 0 {
		return err
	}
	return tx.removed(action, rec)
}

// removed updates everything derived from a record that was deleted, or merged into another one.
func (tx *Tx) removed(action string, rec crm.Record) error {
	if err := tx.CountDeleted(rec.Entity.Plural); err != nil {
		return err
	}
	return tx.finish(action, rec, rec.Stub())
}
