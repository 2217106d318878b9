package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
)

// Delete removes a record. What points to it reads as unset from then on; what
// was logged below it and belongs to no other record goes with it. Each of
// these is a change of its own in the log.
func (tx *Tx) Delete(rec crm.Record) error {
	if err := tx.MayChange(rec); err != nil {
		return err
	}
	tx.leaving = leaving{rec.Entity, rec.Key}
	defer func() { tx.leaving = leaving{} }()
	for _, ref := range tx.store.Schema.ReferencesTo(rec.Entity) {
		if err := tx.unlink(ref, rec); err != nil {
			return err
		}
	}
	return tx.remove(rec)
}

// leaving is a record on its way out, of which nothing is kept any more.
type leaving struct {
	entity *crm.Entity
	key    int64
}

func (l leaving) is(e *crm.Entity, key int64) bool { return l.entity == e && l.key == key }

// MayChange refuses a change of what another user logged, unless an admin makes it.
func (tx *Tx) MayChange(rec crm.Record) error {
	author := rec.Value(crm.FieldCreatedBy).Text
	if !rec.Entity.Log || author == tx.Actor.Email || tx.Actor.Role == crm.RoleAdmin {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "%s was logged by %s: only they or an admin may change or delete it. Log what is new with POST /%s.", rec.Handle(), author, rec.Entity.Route())
}

// unlink takes a reference away from every record that holds it. It gives up,
// and the whole delete with it, when the store is closing.
func (tx *Tx) unlink(ref crm.Reference, rec crm.Record) error {
	keys, err := tx.pointing(ref, rec)
	if err != nil {
		return err
	}
	for _, key := range keys {
		select {
		case <-tx.store.draining:
			return stopped()
		default:
		}
		before, found, err := tx.record(ref.From, key)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		after := before.Clone()
		after.Set(ref.Field.Name, crm.Value{})
		if belongsNowhere(after, ref) {
			err = tx.remove(before)
		} else {
			err = tx.replace(before, after)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// belongsNowhere reports whether a record of a kind that lives below others has
// lost the last of them.
func belongsNowhere(rec crm.Record, ref crm.Reference) bool {
	set := func(name string) bool { return rec.Value(name).Set() }
	return slices.ContainsFunc(bonds(ref), func(names []string) bool { return !slices.ContainsFunc(names, set) })
}

// bonds returns the sets of references with the last of which a record is deleted,
// those in which the reference is.
func bonds(ref crm.Reference) (sets [][]string) {
	for _, names := range [][]string{ref.From.Under, ref.From.OneOf} {
		if slices.Contains(names, ref.Field.Name) {
			sets = append(sets, names)
		}
	}
	return sets
}

func (tx *Tx) pointing(ref crm.Reference, rec crm.Record) (keys []int64, err error) {
	err = tx.rows(fmt.Sprintf("SELECT key FROM %s WHERE workspace_id = $1 AND %s = $2 ORDER BY key", ref.From.Plural, ref.Field.Col()),
		[]any{tx.Actor.Workspace, rec.Key}, func(scan func(...any) error) error {
			var key int64
			if err := scan(&key); err != nil {
				return err
			}
			keys = append(keys, key)
			return nil
		})
	return keys, err
}

// blank returns a record of the same name with nothing set.
func blank(rec crm.Record) crm.Record {
	empty := crm.NewRecord(rec.Entity)
	empty.Key, empty.ID = rec.Key, rec.ID
	return empty
}

func (tx *Tx) remove(rec crm.Record) error {
	e := rec.Entity
	n, err := tx.affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", e.Plural), tx.Actor.Workspace, rec.Key)
	if err != nil || n == 0 {
		return err
	}
	if err := tx.exec("UPDATE usage SET n = n - 1 WHERE workspace_id = $1 AND kind = $2", tx.Actor.Workspace, e.Plural); err != nil {
		return err
	}
	return tx.finish("delete", rec, blank(rec))
}

// Fetch returns a record as the transaction sees it, or the error that tells
// why there is none.
func (tx *Tx) Fetch(e *crm.Entity, key int64) (crm.Record, error) {
	rec, found, err := tx.record(e, key)
	if found || err != nil {
		return rec, err
	}
	var last int64
	if _, err := tx.row(lastNumber, []any{tx.Actor.Workspace, e.Plural}, &last); err != nil {
		return rec, err
	}
	return rec, gone(e, key, last)
}

// Dependents counts what would change with a delete: per kind, how many records
// would go with it and how many would lose their reference to it.
func (tx *Tx) Dependents(rec crm.Record) ([]crm.Count, error) {
	var counts []crm.Count
	for _, ref := range tx.store.Schema.ReferencesTo(rec.Entity) {
		where := " FROM " + ref.From.Plural + " WHERE workspace_id = $1 AND " + ref.Field.Col() + " = $2"
		c := crm.Count{Of: ref.From}
		if _, err := tx.row("SELECT COUNT(*)"+where, []any{tx.Actor.Workspace, rec.Key}, &c.Unlinked); err != nil {
			return nil, err
		}
		if sets := bonds(ref); len(sets) > 0 {
			for _, other := range sets[0] {
				if other != ref.Field.Name {
					where += " AND " + other + " IS NULL"
				}
			}
			if _, err := tx.row("SELECT COUNT(*)"+where, []any{tx.Actor.Workspace, rec.Key}, &c.Deleted); err != nil {
				return nil, err
			}
			c.Unlinked -= c.Deleted
		}
		counts = append(counts, c)
	}
	return counts, nil
}

// lastNumber reads the highest number given out to a kind in a workspace.
const lastNumber = "SELECT last FROM usage WHERE workspace_id = $1 AND kind = $2"

// gone returns the 404 for an id that fits the workspace but finds no record: it
// was deleted, or its number is beyond the last that was given out.
func gone(e *crm.Entity, key, last int64) error {
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
