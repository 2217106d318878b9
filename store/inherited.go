package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/table"
)

// inheritedLead sets the inherited references of a record. They lead to no deleted record, and to
// none that was merged into another one.
func (tx *Tx) inheritedLead(rec crm.Record) error {
	for _, v := range tx.store.inherited {
		if v.Of != rec.Entity {
			continue
		}
		base, inherited := rec.Value(v.Base.Name), crm.Value{}
		if base.Set() {
			var key int64
			to := v.Of.Target(v.Field)
			_, err := tx.Row(fmt.Sprintf("SELECT r.key FROM %s t JOIN %s r ON r.key = %s AND r.workspace_id = t.workspace_id WHERE t.workspace_id = $1 AND t.key = %s",
				v.Through().Plural, to.Plural, table.Leading("$1", to.Name, "t."+v.Source.Col()), table.Leading("$1", v.Through().Name, "$2")), []any{tx.Actor.Workspace, base.Int}, &key)
			if err != nil {
				return err
			}
			if key != 0 && !rec.Value(v.Field.Inherited().Alternate).Equal(crm.Key(key)) {
				inherited = crm.Key(key)
			}
		}
		rec.Set(v.Field.Name, inherited)
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
		if v.Through() != after.Entity || before.Value(v.Source.Name).Equal(after.Value(v.Source.Name)) {
			continue
		}
		most := tx.store.cascades.atOnce
		keys, err := tx.referencingKeys(crm.Reference{From: v.Of, Field: v.Base}, after.Key, most+1)
		if err != nil {
			return err
		}
		n := 0
		if tx.inheritedCount += len(keys); tx.inheritedCount <= most { // of all records that one transaction moves
			n, err = tx.setAllInherited(v.Of, keys)
		}
		if err == nil && n < len(keys) {
			err = tx.scheduleCascade(cascade{kind: v.Name(), record: after.Key})
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
	at := slices.IndexFunc(tx.store.inherited, func(v table.InheritedRef) bool { return v.Name() == c.kind })
	if at < 0 { // a reference that the schema no longer has
		return tx.finishCascade(c)
	}
	v, step := tx.store.inherited[at], tx.store.cascades.step
	keys, times, err := v.NextReferencing(tx.Rows, table.After{Workspace: c.workspace, Record: c.record, At: c.at, Key: c.after}, step)
	if err != nil {
		return err
	}
	n, err := tx.setAllInherited(v.Of, keys)
	if err != nil {
		return err
	}
	if n == len(keys) && n < step {
		return tx.finishCascade(c)
	}
	return tx.Exec("UPDATE cascades SET at = $4, after = $5 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, times[n-1], keys[n-1])
}
