package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
)

// Delete removes a record. What points to it reads as unset from then on; what
// was logged below it and belongs to no other record goes with it. Each of
// these is a change of its own in the log. Where they are many they follow later, in
// steps, and later is true. Readers see no difference (veil.go) but in what is kept of them
// elsewhere: counts, last times, and the version of what loses a reference.
func (tx *Tx) Delete(rec crm.Record) (later bool, err error) {
	if err := tx.MayChange(rec); err != nil {
		return false, err
	}
	if rec, _, err = tx.detachDangling(rec); err != nil || rec.Entity == nil {
		return false, err
	}
	tx.deleting = deleting{rec.Entity, rec.Key}
	tx.cause = tx.deleting
	defer func() { tx.deleting, tx.cause = deleting{}, deleting{} }()
	refs := tx.store.Schema.Referring(rec.Entity)
	if later, err = tx.hasManyReferences(refs, rec.Key); err != nil {
		return false, err
	}
	if later {
		return true, tx.hide(rec)
	}
	for _, ref := range refs {
		if _, err := tx.detach(ref, rec.Key, tx.store.cascades.atOnce); err != nil {
			return false, err
		}
	}
	return false, tx.remove(rec)
}

// deleting is a record on its way out, of which nothing is kept any more.
type deleting struct {
	entity *crm.Entity
	key    int64
}

func (l deleting) is(e *crm.Entity, key int64) bool { return l.entity == e && l.key == key }

// MayChange refuses a change of what another user logged, unless an admin makes it.
func (tx *Tx) MayChange(rec crm.Record) error {
	author := rec.Value(crm.FieldCreatedBy).Text
	if !rec.Entity.AuthorOwned || author == tx.Actor.Email || tx.Actor.Role == crm.RoleAdmin {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "%s was logged by %s: only they or an admin may change or delete it. Log what is new with POST /%s.", rec.Handle(), author, rec.Entity.Route())
}

// hasManyReferences reports whether more records refer to one than change with it at once.
func (tx *Tx) hasManyReferences(refs []crm.Reference, key int64) (many bool, err error) {
	left := tx.store.cascades.atOnce
	for _, ref := range refs {
		keys, err := tx.referencingKeys(ref, key, left+1)
		if left -= len(keys); err != nil || left < 0 {
			return true, err
		}
	}
	return false, nil
}

// detach takes a reference away from records that hold it, at most so many, and returns of
// how many.
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

// clearReference takes a reference away from a record, or the record where that was its last.
func (tx *Tx) clearReference(ref crm.Reference, key int64) error {
	if ref.Field.InheritedFrom != "" {
		return tx.setInherited(ref.From, key)
	}
	before, found, err := tx.record(ref.From, key)
	if err != nil || !found {
		return err
	}
	after := before.Clone()
	after.Set(ref.Field.Name, crm.Value{})
	if orphaned(after, ref) {
		return tx.remove(before)
	}
	return tx.replace(before, after)
}

// orphaned reports whether a record of a kind that lives below others has
// lost the last of them.
func orphaned(rec crm.Record, ref crm.Reference) bool {
	set := func(name string) bool { return rec.Value(name).Set() }
	return slices.ContainsFunc(ownershipRefs(ref), func(names []string) bool { return !slices.ContainsFunc(names, set) })
}

// ownershipRefs returns the sets of references with the last of which a record is deleted,
// those in which the reference is.
func ownershipRefs(ref crm.Reference) (sets [][]string) {
	for _, names := range [][]string{ref.From.Parents, ref.From.AtLeastOne} {
		if slices.Contains(names, ref.Field.Name) {
			sets = append(sets, names)
		}
	}
	return sets
}

// referencingKeys returns the keys of records that hold a reference, at most so many.
func (tx *Tx) referencingKeys(ref crm.Reference, to int64, most int) ([]int64, error) {
	return tx.keys(fmt.Sprintf("SELECT key FROM %s WHERE +workspace_id = $1 AND %s = $2 LIMIT $3", ref.From.Plural, ref.Field.Col()), tx.Actor.Workspace, to, most)
}

// keys reads a column of keys.
func (tx *Tx) keys(text string, args ...any) (keys []int64, err error) {
	err = tx.Rows(text, args, func(scan func(...any) error) error {
		keys = append(keys, 0)
		return scan(&keys[len(keys)-1])
	})
	return keys, err
}

// stubRecord returns a record of the same name with nothing set.
func stubRecord(rec crm.Record) crm.Record {
	empty := crm.NewRecord(rec.Entity)
	empty.Key, empty.ID = rec.Key, rec.ID
	return empty
}

func (tx *Tx) remove(rec crm.Record) error {
	e := rec.Entity
	n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", e.Plural), tx.Actor.Workspace, rec.Key)
	if err != nil || n == 0 {
		return err
	}
	return tx.removed(rec)
}

// removed brings all else in step with a record that is no more.
func (tx *Tx) removed(rec crm.Record) error {
	if err := tx.Exec("UPDATE usage SET n = n - 1 WHERE workspace_id = $1 AND kind = $2", tx.Actor.Workspace, rec.Entity.Plural); err != nil {
		return err
	}
	return tx.finish("delete", rec, stubRecord(rec))
}

// Fetch returns a record as readers see it in the transaction, or the error that tells
// why there is none.
func (tx *Tx) Fetch(e *crm.Entity, key int64) (crm.Record, error) {
	rec, found, err := tx.readVisible(e, key)
	if found || err != nil {
		return rec, err
	}
	var last int64
	if _, err := tx.Row(lastNumber, []any{tx.Actor.Workspace, e.Plural}, &last); err != nil {
		return rec, err
	}
	return rec, notFoundError(e, key, last)
}

// lastNumber reads the highest number given out to a kind in a workspace.
const lastNumber = "SELECT last FROM usage WHERE workspace_id = $1 AND kind = $2"

// notFoundError returns the 404 for an id that fits the workspace but finds no record: it
// was deleted, or its number is beyond the last that was given out.
func notFoundError(e *crm.Entity, key, last int64) error {
	id := crm.RecordID(e.Prefix, key)
	if crm.RecordNumber(key) > last {
		return crm.Errorf(crm.NotFound, "there is no %s %s and there never was. Find one with GET /%s?search=<words>.", e.Name, id, e.Route())
	}
	return crm.Errorf(crm.NotFound, "there is no %s %s: it was deleted. Find another with GET /%s?search=<words>, or see GET /audit?target=%s.",
		e.Name, id, e.Route(), id)
}

// NoReference is the error for a reference to a record that is not there.
func NoReference(f *crm.Field, to *crm.Entity, key int64) *crm.Error {
	return crm.Errorf(crm.ReferenceNotFound, "%s: there is no %s %s here, it may have been deleted. Find one with GET /%s?search=<words>, or make it with POST /%s.",
		f.Name, to.Name, crm.RecordID(to.Prefix, key), to.Route(), to.Route()).On(f.Name)
}
