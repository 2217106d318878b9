package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// A write sees a delete or merge that has not finished as readers do (store/table/pending_view.go). A
// record that it changes is brought into the final state first.

// Visible reads a record of the transaction's workspace as readers see it: without references to deleted records, and not at
// all if it will be deleted with one. References to a merged record lead to the one that has its values.
func (tx *Tx) Visible(e *crm.Entity, key int64) (crm.Record, bool, error) {
	rec, found, err := tx.record(e, key)
	if err != nil || !found {
		return rec, false, err
	}
	lost, err := tx.danglingRefs(rec)
	if err != nil || len(lost) == 0 {
		return rec, err == nil, err
	}
	stored := rec
	rec = rec.Clone()
	for _, d := range lost {
		rec.Set(d.ref.Field.Name, d.lead())
	}
	for _, v := range tx.store.inherited {
		if v.Of == e && !rec.Value(v.Base.Name).Set() {
			rec.Set(v.Field.Name, crm.Value{})
		}
	}
	if slices.ContainsFunc(lost, func(d dangling) bool { return d.to != 0 }) {
		if err := tx.inheritedLead(rec); err != nil {
			return rec, false, err
		}
	}
	if err := tx.checkReferences(stored, rec); err != nil {
		return rec, false, err
	}
	return rec, !slices.ContainsFunc(lost, func(d dangling) bool { return d.to == 0 && d.ref.Orphans(rec) }), nil
}

// dangling is a reference to a record that is not there any more.
type dangling struct {
	ref   crm.Reference
	to    int64     // the record into which it was merged; 0: it was deleted
	group Group     // of the delete or merge
	actor crm.Actor // and who made it
}

// lead returns the value that the reference will have.
func (d dangling) lead() crm.Value {
	if d.to == 0 {
		return crm.Value{}
	}
	return crm.Key(d.to)
}

// hasPendingDeletes reports whether a delete in the workspace has not finished.
func (tx *Tx) hasPendingDeletes() (bool, error) {
	var one int64
	return txn.Once(tx.Tx, txn.Cascades, "pending", func() (bool, error) { return tx.Row(table.PendingDeletes, []any{tx.Actor.Workspace}, &one) })
}

// danglingRefs returns the references of a record to records whose delete or merge has not finished.
func (tx *Tx) danglingRefs(rec crm.Record) (lost []dangling, err error) {
	refs := table.References(rec.Entity)
	if !slices.ContainsFunc(refs, func(f *crm.Field) bool { return rec.Value(f.Name).Set() }) {
		return nil, nil
	}
	if some, err := tx.hasPendingDeletes(); err != nil || !some {
		return nil, err
	}
	for _, f := range refs {
		v := rec.Value(f.Name)
		if !v.Set() {
			continue
		}
		d := dangling{ref: crm.Reference{From: rec.Entity, Field: f}}
		found, err := tx.Row(`SELECT CASE WHEN c.gone = 2 THEN COALESCE(m.winner, 0) ELSE 0 END, c.change_group, COALESCE(c.actor, ''), COALESCE(c.token_id, ''), COALESCE(c.addr, '') FROM cascades c LEFT JOIN merged m ON m.workspace_id = c.workspace_id AND m.kind = c.kind AND m.record = c.record
			WHERE c.workspace_id = $1 AND c.kind = $2 AND c.record = $3 AND c.gone > 0`, []any{tx.Actor.Workspace, rec.Entity.Target(f).Name, v.Int}, &d.to, &d.group, &d.actor.Email, &d.actor.TokenID, &d.actor.Addr)
		if err != nil {
			return nil, err
		}
		if found {
			lost = append(lost, d)
		}
	}
	return lost, nil
}

// detachDangling clears the references to deleted records of a record that is about to change, and
// moves those to merged ones, as a step of the cascade would, in its change group, and returns the record after that; it is empty if the record
// was deleted with them. changed is false if it held no such reference.
func (tx *Tx) detachDangling(seen crm.Record) (is crm.Record, settled bool, err error) {
	if len(table.References(seen.Entity)) == 0 {
		return seen, false, nil
	}
	if some, err := tx.hasPendingDeletes(); err != nil || !some {
		return seen, false, err
	}
	raw, found, err := tx.record(seen.Entity, seen.Key)
	if err != nil || !found {
		return seen, false, err
	}
	lost, err := tx.danglingRefs(raw)
	if err != nil || len(lost) == 0 {
		return seen, false, err
	}
	defer tx.as(tx.cause, tx.winner)()
	for _, d := range lost {
		tx.cause = deleting{d.ref.From.Target(d.ref.Field), raw.Value(d.ref.Field.Name).Int}
		settle := tx.clearReference
		if d.to != 0 {
			settle = func(ref crm.Reference, key int64) error { return tx.moveReference(ref, key, d.to) }
		}
		if err := tx.Within(d.group, d.actor, func() error { return settle(d.ref, seen.Key) }); err != nil {
			return seen, false, err
		}
	}
	is, _, err = tx.record(seen.Entity, seen.Key)
	return is, true, err
}

// Finished reads a record of the transaction's workspace after it brought it into the state in which readers see it, if
// a delete or merge has not reached it. The log has then all that happened to it, as if the delete had finished.
func (tx *Tx) Finished(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	if rec, found, err = tx.record(e, key); found && err == nil {
		rec, _, err = tx.detachDangling(rec)
	}
	return rec, rec.Entity != nil, err
}

// detachDanglingBefore does that before a change, and returns the record before and after the change.
func (tx *Tx) detachDanglingBefore(before, after crm.Record) (was, is crm.Record, err error) {
	was, settled, err := tx.detachDangling(before)
	if err != nil || !settled {
		return before, after, err
	}
	is = was.Clone() // what is kept in it may be another by now, too
	for _, i := range crm.Changed(before.Values, after.Values) {
		is.Values[i] = after.Values[i]
	}
	return was, is, nil
}
