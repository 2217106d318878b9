package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// A write sees a delete that has not finished as readers do (store/table/pending_view.go). A record that
// it changes is brought into the final state first.

// readVisible reads a record of the transaction's workspace as readers see it: without
// references to deleted records, and not at all if it will be deleted with one.
func (tx *Tx) readVisible(e *crm.Entity, key int64) (crm.Record, bool, error) {
	rec, found, err := tx.record(e, key)
	if err != nil || !found {
		return rec, false, err
	}
	lost, err := tx.danglingRefs(rec)
	if err != nil || len(lost) == 0 {
		return rec, err == nil, err
	}
	rec = rec.Clone()
	for _, ref := range lost {
		rec.Set(ref.Field.Name, crm.Value{})
		rec.Labels[e.Index(ref.Field.Name)] = ""
	}
	for _, v := range tx.store.inherited {
		if v.of == e && !rec.Value(v.base.Name).Set() {
			rec.Set(v.field.Name, crm.Value{})
			rec.Labels[e.Index(v.field.Name)] = ""
		}
	}
	return rec, !slices.ContainsFunc(lost, func(ref crm.Reference) bool { return orphaned(rec, ref) }), nil
}

// hasPendingDeletes reports whether a delete in the workspace has not finished.
func (tx *Tx) hasPendingDeletes() (bool, error) {
	var one int64
	return txn.Once(tx.Tx, txn.Cascades, "pending", func() (bool, error) {
		return tx.Row(table.PendingDeletes, []any{tx.Actor.Workspace}, &one)
	})
}

// danglingRefs returns the references of a record to records whose delete has not finished.
func (tx *Tx) danglingRefs(rec crm.Record) (lost []crm.Reference, err error) {
	refs := table.References(rec.Entity)
	if !slices.ContainsFunc(refs, func(f *crm.Field) bool { return rec.Value(f.Name).Set() }) {
		return nil, nil
	}
	if some, err := tx.hasPendingDeletes(); err != nil || !some {
		return nil, err
	}
	var one int64
	for _, f := range refs {
		v := rec.Value(f.Name)
		if !v.Set() {
			continue
		}
		gone, err := tx.Row("SELECT 1 FROM cascades WHERE workspace_id = $1 AND kind = $2 AND record = $3 AND gone = 1",
			[]any{tx.Actor.Workspace, rec.Entity.Target(f).Name, v.Int}, &one)
		if err != nil {
			return nil, err
		}
		if gone {
			lost = append(lost, crm.Reference{From: rec.Entity, Field: f})
		}
	}
	return lost, nil
}

// detachDangling clears the references to deleted records of a record that is about to change,
// as a step of the cascade would, and returns the record after that; it is empty if the record
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
	cause := tx.cause
	defer func() { tx.cause = cause }()
	for _, ref := range lost {
		tx.cause = deleting{ref.From.Target(ref.Field), raw.Value(ref.Field.Name).Int}
		if err := tx.clearReference(ref, seen.Key); err != nil {
			return seen, false, err
		}
	}
	is, _, err = tx.record(seen.Entity, seen.Key)
	return is, true, err
}

// detachDanglingBefore does that before a change, and returns the record before and after the
// change.
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
