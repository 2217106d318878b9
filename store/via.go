package store

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
)

// inheritedRef is a reference that records hold because of what another of theirs points
// to: an activity of a contact is one of the contact's company too.
type inheritedRef struct {
	of     *crm.Entity
	field  *crm.Field // the kept reference
	base   *crm.Field // the reference it goes through
	source *crm.Field // of what base points to
}

// inheritedRefs returns the kept references of the schema.
func inheritedRefs(schema *crm.Schema) (list []inheritedRef) {
	for _, of := range schema.Entities {
		for i := range of.Fields {
			f := &of.Fields[i]
			if f.InheritedFrom == "" {
				continue
			}
			v := inheritedRef{of: of, field: f, base: of.Field(f.InheritedFrom)}
			through := of.Target(v.base)
			for j := range through.Fields {
				if through.Target(&through.Fields[j]) == of.Target(f) {
					v.source = &through.Fields[j]
				}
			}
			list = append(list, v)
		}
	}
	return list
}

// name is that of the kept reference, as cascades have it.
func (v inheritedRef) name() string { return v.of.Name + "." + v.field.Name }

// inheritedLead sets the kept references of a record, which lead to no record that is deleted.
func (tx *Tx) inheritedLead(rec crm.Record) error {
	for _, v := range tx.store.inherited {
		if v.of != rec.Entity {
			continue
		}
		base, passed := rec.Value(v.base.Name), crm.Value{}
		if base.Set() {
			var key int64
			_, err := tx.Row(fmt.Sprintf("SELECT r.key FROM %s t JOIN %s r ON r.key = t.%s AND r.workspace_id = t.workspace_id WHERE t.workspace_id = $1 AND t.key = $2",
				v.through().Plural, v.of.Target(v.field).Plural, v.source.Col()), []any{tx.Actor.Workspace, base.Int}, &key)
			if err != nil {
				return err
			}
			if key != 0 && !rec.Value(v.field.AlternateOf).Equal(crm.Key(key)) {
				passed = crm.Key(key)
			}
		}
		rec.Set(v.field.Name, passed)
	}
	return nil
}

// through is the entity whose reference is kept.
func (v inheritedRef) through() *crm.Entity { return v.of.Target(v.base) }

// propagateInherited brings the kept references that go through a record in step with its
// change, and what counts by them; where they are many, in steps that come later.
func (tx *Tx) propagateInherited(before, after crm.Record) error {
	if before.Key == 0 || tx.deleting.is(after.Entity, after.Key) { // what is deleted is unlinked
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

// setAllInherited passes records on until the step has taken its time, and returns how many.
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

// setInherited brings the kept references of one record up to date, and what counts by them. That
// is no change of the record itself.
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
			tx.Actor.Workspace, key, columnValue(after.Values[i]))
		if err != nil {
			return err
		}
	}
	tx.markChanged(tx.Actor.Workspace)
	tx.invalidate(of, key)
	tx.job.changedRecords = append(tx.job.changedRecords, after)
	if err := tx.countUnlogged(); err != nil {
		return err
	}
	return tx.updateRollups(before, after)
}

// propagateStep brings some of the references that go through a record up to date, in the
// order of the index that leads to them.
func (tx *Tx) propagateStep(c cascade) error {
	at := slices.IndexFunc(tx.store.inherited, func(v inheritedRef) bool { return v.name() == c.kind })
	if at < 0 {
		return tx.finishCascade(c)
	}
	v, step := tx.store.inherited[at], tx.store.cascades.step
	keys, moments, err := tx.nextReferencing(v, c, step)
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
	return tx.Exec("UPDATE cascades SET at = $4, after = $5 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, moments[n-1], keys[n-1])
}

// nextReferencing returns the keys of the next records that hold what a kept reference goes through,
// and their moments. Those of the moment that was reached last are asked for apart: of a
// pair in a comparison SQLite takes the first for the index, and many records may be of one
// moment.
func (tx *Tx) nextReferencing(v inheritedRef, c cascade, most int) (keys, moments []int64, err error) {
	moment := v.of.Field(strings.TrimPrefix(v.of.Sort, "-")).Col()
	for _, next := range []string{moment + " = $3 AND key > $4 ORDER BY key", moment + " > $3 AND $4 = $4 ORDER BY " + moment + ", key"} {
		text := fmt.Sprintf("SELECT key, %s FROM %s WHERE +workspace_id = $1 AND %s = $2 AND %s LIMIT $5", moment, v.of.Plural, v.base.Col(), next)
		err := tx.Rows(text, []any{c.workspace, c.record, c.at, c.after, most - len(keys)}, func(scan func(...any) error) error {
			keys, moments = append(keys, 0), append(moments, 0)
			return scan(&keys[len(keys)-1], &moments[len(keys)-1])
		})
		if err != nil || len(keys) == most {
			return keys, moments, err
		}
	}
	return keys, moments, nil
}
