package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/table"
)

// inheritedRef is a reference that records have through another one: an activity of a contact
// also belongs to the contact's company.
type inheritedRef struct {
	of     *crm.Entity
	field  *crm.Field // the inherited reference
	base   *crm.Field // the reference it goes through
	source *crm.Field // of what base points to
}

// inheritedRefs returns the inherited references of the schema.
func inheritedRefs(schema *crm.Schema) (list []inheritedRef) {
	for _, of := range schema.Entities {
		for i := range of.Fields {
			f := &of.Fields[i]
			by := f.Inherited()
			if by == nil {
				continue
			}
			v := inheritedRef{of: of, field: f, base: of.Field(by.From)}
			v.source = referenceTo(of.Target(v.base), of.Target(f))
			list = append(list, v)
		}
	}
	return list
}

// referenceTo returns the last field of an entity that refers to another one.
func referenceTo(e, to *crm.Entity) (ref *crm.Field) {
	for i := range e.Fields {
		if e.Target(&e.Fields[i]) == to {
			ref = &e.Fields[i]
		}
	}
	return ref
}

// name is the kind of the reference in the table cascades.
func (v inheritedRef) name() string { return v.of.Name + "." + v.field.Name }

// through is the entity whose reference is inherited.
func (v inheritedRef) through() *crm.Entity { return v.of.Target(v.base) }

// inheritedLead sets the inherited references of a record. They lead to no deleted record.
func (tx *Tx) inheritedLead(rec crm.Record) error {
	for _, v := range tx.store.inherited {
		if v.of != rec.Entity {
			continue
		}
		base, inherited := rec.Value(v.base.Name), crm.Value{}
		if base.Set() {
			var key int64
			_, err := tx.Row(fmt.Sprintf("SELECT r.key FROM %s t JOIN %s r ON r.key = t.%s AND r.workspace_id = t.workspace_id WHERE t.workspace_id = $1 AND t.key = $2",
				v.through().Plural, v.of.Target(v.field).Plural, v.source.Col()), []any{tx.Actor.Workspace, base.Int}, &key)
			if err != nil {
				return err
			}
			if key != 0 && !rec.Value(v.field.Inherited().Alternate).Equal(crm.Key(key)) {
				inherited = crm.Key(key)
			}
		}
		rec.Set(v.field.Name, inherited)
	}
	return nil
}

// propagateInherited updates the references that records inherit from a changed one, and the
// rollups that count by them. If there are many, that happens in later steps.
func (tx *Tx) propagateInherited(before, after crm.Record) error {
	if before.Key == 0 || tx.deleting.is(after.Entity, after.Key) { // a delete clears references
		return nil
	}
	for _, v := range tx.store.inherited {
		if v.through() != after.Entity || before.Value(v.source.Name).Equal(after.Value(v.source.Name)) {
			continue
		}
		most := tx.store.cascades.atOnce
		keys, err := tx.referencingKeys(crm.Reference{From: v.of, Field: v.base}, after.Key, most+1)
		if err != nil {
			return err
		}
		n := 0
		if tx.inheritedCount += len(keys); tx.inheritedCount <= most { // of all records that one transaction moves
			n, err = tx.setAllInherited(v.of, keys)
		}
		if err == nil && n < len(keys) {
			err = tx.scheduleCascade(cascade{kind: v.name(), record: after.Key})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setAllInherited updates records until the step has used its time, and returns how many.
func (tx *Tx) setAllInherited(of *crm.Entity, keys []int64) (n int, err error) {
	for i, key := range keys {
		if i > 0 && tx.stepTimeUp() {
			return i, nil
		}
		if err := tx.setInherited(of, key); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}

// setInherited updates the inherited references of one record, and the rollups that count by
// them. The record itself has not changed.
func (tx *Tx) setInherited(of *crm.Entity, key int64) error {
	before, found, err := tx.record(of, key)
	if err != nil || !found {
		return err
	}
	after := before.Clone()
	if err := tx.inheritedLead(after); err != nil {
		return err
	}
	for _, i := range crm.Changed(before.Values, after.Values) {
		err := tx.Exec(fmt.Sprintf("UPDATE %s SET %s = $3 WHERE workspace_id = $1 AND key = $2", of.Plural, of.Fields[i].Col()),
			tx.Actor.Workspace, key, table.Arg(after.Values[i]))
		if err != nil {
			return err
		}
	}
	tx.MarkChanged(tx.Actor.Workspace)
	tx.Invalidate(of, key)
	tx.NoteRecord(after)
	if err := tx.CountUnlogged(); err != nil {
		return err
	}
	return tx.updateRollups(before, after)
}

// propagateStep sets the inherited reference of the next records that refer to c.record, as many
// as a step may change, and stores in cascades where to go on. They are taken in the order of
// the index on the reference.
func (tx *Tx) propagateStep(c cascade) error {
	at := slices.IndexFunc(tx.store.inherited, func(v inheritedRef) bool { return v.name() == c.kind })
	if at < 0 { // a reference that the schema no longer has
		return tx.finishCascade(c)
	}
	v, step := tx.store.inherited[at], tx.store.cascades.step
	keys, times, err := tx.nextReferencing(v, c, step)
	if err != nil {
		return err
	}
	n, err := tx.setAllInherited(v.of, keys)
	if err != nil {
		return err
	}
	if n == len(keys) && n < step {
		return tx.finishCascade(c)
	}
	return tx.Exec("UPDATE cascades SET at = $4, after = $5 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, times[n-1], keys[n-1])
}

// nextReferencing returns the keys of the next records that inherit through a record, and
// their times. Those of the time reached last are read by a statement of their own: for a
// comparison of pairs SQLite uses the index for the first member only, and many records may
// have the same time.
func (tx *Tx) nextReferencing(v inheritedRef, c cascade, most int) (keys, times []int64, err error) {
	timeColumn := v.of.Field(strings.TrimPrefix(v.of.Sort, "-")).Col()
	for _, next := range []struct {
		where string
		args  []any
	}{
		{timeColumn + " = $4 AND key > $5 ORDER BY key", []any{c.at, c.after}},
		{timeColumn + " > $4 ORDER BY " + timeColumn + ", key", []any{c.at}},
	} {
		text := fmt.Sprintf("SELECT key, %s FROM %s WHERE UNINDEXED workspace_id = $1 AND %s = $2 AND %s LIMIT $3", timeColumn, v.of.Plural, v.base.Col(), next.where)
		err := tx.Rows(text, append([]any{c.workspace, c.record, most - len(keys)}, next.args...), func(scan func(...any) error) error {
			keys, times = append(keys, 0), append(times, 0)
			return scan(&keys[len(keys)-1], &times[len(keys)-1])
		})
		if err != nil || len(keys) == most {
			return keys, times, err
		}
	}
	return keys, times, nil
}
