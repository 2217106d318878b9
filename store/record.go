package store

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/ahead"
	"crmkit/store/definition"
	"crmkit/store/duplicates"
	"crmkit/store/refusal"
	"crmkit/store/secondary"
	"crmkit/store/table"
)

// Results of a write on a record.
const (
	Created   = "created"
	Updated   = "updated"
	Unchanged = "unchanged"
)

// Outcome is what a write on a record did.
type Outcome struct {
	Before crm.Record // as it was; a record with nothing set when it was made
	After  crm.Record
	Result string
	Tie    int64 // the key of the tie that was made with it, see withTie; 0: none was
}

// Draft is what a client wants of a record: the fields sent, and the version it expects (0: any).
type Draft struct {
	Entity   *crm.Entity
	Inputs   []crm.Input
	Version  int64
	Restores bool // it is of an export, in which a definition may mean something that is not here
}

func (tx *Tx) create(d Draft) (Outcome, error) {
	before := crm.NewRecord(d.Entity)
	rec, err := tx.ApplyDraft(before, d)
	if err != nil {
		return Outcome{}, err
	}
	if err := tx.inheritedLead(rec); err != nil {
		return Outcome{}, err
	}
	if err := tx.checkReferences(before, rec); err != nil {
		return Outcome{}, err
	}
	number, err := tx.TakeNumber(d.Entity.Plural)
	if err != nil {
		return Outcome{}, err
	}
	rec.Key = crm.RecordKey(tx.Actor.Workspace, number)
	rec.ID = crm.RecordID(d.Entity.Prefix, rec.Key)
	if err := tx.setCreationStamps(rec); err != nil {
		return Outcome{}, err
	}
	if err := tx.insert("create", rec); err != nil {
		return Outcome{}, err
	}
	return tx.withTie(Outcome{Before: before, After: rec, Result: Created})
}

// setCreationStamps sets the stamps of a new record.
func (tx *Tx) setCreationStamps(rec crm.Record) error {
	if err := tx.setStamps(rec); err != nil {
		return err
	}
	rec.Set(crm.FieldCreatedAt, crm.Millis(tx.Now()))
	rec.Set(crm.FieldCreatedBy, crm.Str(tx.Actor.Email))
	return nil
}

// insert writes the row of a record to which nothing refers yet.
func (tx *Tx) insert(action string, rec crm.Record) error {
	t, args := tx.store.mappings[rec.Entity], []any{rec.Key, tx.Actor.Workspace}
	for i := range rec.Entity.Fields {
		if f := &rec.Entity.Fields[i]; f.Rollup() != nil && f.Type.Kind() == crm.IntKind {
			rec.Values[i] = crm.Number(0)
		}
	}
	for _, i := range t.Stored {
		args = t.AppendValues(args, i, rec.Values[i])
	}
	if err := tx.Exec(t.Insert, args...); err != nil {
		return err
	}
	return tx.finish(action, crm.NewRecord(rec.Entity), rec)
}

// setStamps sets version, time and author of a changed record.
func (tx *Tx) setStamps(rec crm.Record) error {
	if _, err := tx.Counters(); err != nil { // which may set the time
		return err
	}
	rec.Set(crm.FieldVersion, crm.Number(rec.Version()+1))
	rec.Set(crm.FieldUpdatedAt, crm.Millis(tx.Now()))
	rec.Set(crm.FieldUpdatedBy, crm.Str(tx.Actor.Email))
	return nil
}

// Update changes the fields of the draft in the record that the key leads to.
func (tx *Tx) Update(key int64, d Draft) (Outcome, error) {
	return tx.following(d, func(d Draft) (Outcome, error) { return tx.update(key, d) })
}

func (tx *Tx) update(key int64, d Draft) (Outcome, error) {
	before, err := tx.Fetch(d.Entity, key)
	if err != nil {
		return Outcome{}, err
	}
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return Outcome{}, err
	}
	if len(crm.Changed(before.Values, after.Values)) == 0 {
		return Outcome{Before: before, After: before, Result: Unchanged}, nil
	}
	if err := tx.MayChange(before); err != nil {
		return Outcome{}, err
	}
	if before, after, err = tx.detachDanglingBefore(before, after); err != nil {
		return Outcome{}, err
	}
	if err := tx.keepMain(before, after); err != nil {
		return Outcome{}, err
	}
	out, err := tx.withTie(Outcome{Before: before, After: after, Result: Updated})
	if err != nil {
		return out, err
	}
	return out, tx.replace(before, out.After)
}

// ApplyDraft returns the record as the draft wants it.
func (tx *Tx) ApplyDraft(before crm.Record, d Draft) (crm.Record, error) {
	if d.Version != 0 && before.ID == "" {
		return before, crm.Errorf(crm.VersionConflict, "there is no %s at version %d to update; leave version out to create one.", d.Entity.Name, d.Version)
	}
	if d.Version != 0 && d.Version != before.Version() {
		return before, refusal.Conflict(before, d.Version)
	}
	if err := tx.checkSame(before, d); err != nil {
		return before, err
	}
	if err := tx.store.shapes.EnterFor(tx.Tx, d.Entity); err != nil {
		return before, err
	}
	values, fault := crm.Apply(d.Entity, before.Values, d.Inputs, tx.Actor.At(tx.Now()))
	if fault != nil {
		return before, fault
	}
	after := before.Clone()
	after.Values = values
	if err := tx.store.shapes.CheckReferences(tx.Tx, before, after); err != nil || d.Restores {
		return after, cmp.Or(err, tx.store.shapes.Settle(tx.Tx, after))
	}
	return after, definition.Check(tx.env(), before, after)
}

// replace writes the changed fields of a record, and its stamps.
func (tx *Tx) replace(before, after crm.Record) error {
	e := after.Entity
	if err := tx.inheritedLead(after); err != nil {
		return err
	}
	if err := tx.checkReferences(before, after); err != nil {
		return err
	}
	if err := tx.checkUnique(before, after); err != nil {
		return err
	}
	if err := tx.setStamps(after); err != nil {
		return err
	}
	var set []string
	args := []any{tx.Actor.Workspace, after.Key}
	for _, i := range crm.Changed(before.Values, after.Values) {
		last := len(args)
		args = tx.store.mappings[e].AppendValues(args, i, after.Values[i])
		for _, column := range tx.store.mappings[e].FieldColumns(i) {
			last++
			set = append(set, fmt.Sprintf("%s = $%d", column, last))
		}
	}
	if err := tx.ExecCorrecting(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", e.Plural, strings.Join(set, ", ")), args...); err != nil {
		return err
	}
	return tx.finish("update", before, after)
}

// finish updates everything that follows from a record's change: secondary tables, values
// derived in other records, storage and log.
func (tx *Tx) finish(action string, before, after crm.Record) error {
	if tx.until.IsZero() { // else it follows from a write that was allowed
		if err := definition.MayWrite(tx.Actor, after.Entity); err != nil {
			return err
		}
	}
	tx.MarkChanged(tx.Actor.Workspace)
	tx.NoteRecord(after)
	tx.NoteChange(Change{Before: before, After: after, Merged: action == "merge", Follows: tx.cause.entity != nil && !tx.cause.is(after.Entity, after.Key)})
	tx.Invalidate(after.Entity, after.Key)
	if err := tx.store.shapes.Changed(tx.Tx, after); err != nil {
		return err
	}
	if after.Version() == 0 {
		if tx.winner == 0 { // else there are the parts of a merged record
			tx.lost = nil
		}
		said, err := duplicates.Said(tx.Rows, before, tx.winner)
		if tx.lost = append(tx.lost, said...); err == nil {
			before, err = secondary.AllLabels(tx.Tx, before, tx.store.cascades.atOnce)
		}
		if err != nil {
			return err
		}
	}
	ahead.Changed(tx.Tx, before, after)
	if err := secondary.Update(tx.Tx, before, after); err != nil {
		return err
	}
	if source, keeps := tx.store.words[after.Entity]; keeps {
		tx.CountWords(after.Entity.Name, source.Changes(before, after))
	}
	if err := tx.updateRollups(before, after); err != nil {
		return err
	}
	if err := tx.propagateInherited(before, after); err != nil {
		return err
	}
	grow := tx.GrowStorage
	if !tx.capped(action) {
		grow = tx.AddBytes
	}
	if err := grow(table.RecordBytes(after) - table.RecordBytes(before)); err != nil {
		return err
	}
	return tx.LogRecord(action, before, after)
}

// updateRollups updates the rollups of the records to which a changed record refers, but for one that is
// being deleted.
func (tx *Tx) updateRollups(before, after crm.Record) error {
	for _, t := range tx.store.rollups[after.Entity] {
		was, is := before.Value(t.Ref.Name), after.Value(t.Ref.Name)
		previous, current := t.Contributions(was, before), t.Contributions(is, after)
		if was.Equal(is) && slices.EqualFunc(previous, current, table.SameContribution) {
			continue
		}
		r := secondary.Rollup{Rollup: t, All: tx.store.rollups, Key: was.Int}
		if !tx.deleting.is(t.To, r.Key) {
			if err := r.Remove(tx.Tx, previous); err != nil {
				return err
			}
		}
		if r.Key = is.Int; tx.deleting.is(t.To, r.Key) {
			continue
		}
		if err := r.Add(tx.Tx, current); err != nil {
			return err
		}
	}
	return nil
}
