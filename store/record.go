package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
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
}

// Draft is what a client wants of a record: the fields sent, and the version it
// expects to meet (0: any).
type Draft struct {
	Entity  *crm.Entity
	Inputs  []crm.Input
	Version int64
}

// Save makes a record, or updates the one that holds the draft's unique values.
func (tx *Tx) Save(d Draft) (Outcome, error) {
	for _, names := range d.Entity.Keys() {
		values := make([]crm.Value, len(names))
		for _, in := range d.Inputs {
			if i := slices.Index(names, in.Field.Name); i >= 0 && in.Mode == crm.Set {
				values[i] = in.Value
			}
		}
		if key, err := tx.KeyBy(d.Entity, names, values); key != 0 || err != nil {
			return tx.updateFound(d, key, err)
		}
	}
	return tx.create(d)
}

func (tx *Tx) updateFound(d Draft, key int64, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	return tx.Update(key, d)
}

// KeyBy returns the key of the record with the unique values, 0 for none or when one
// of them is unset.
func (tx *Tx) KeyBy(e *crm.Entity, names []string, values []crm.Value) (key int64, err error) {
	text, args := "SELECT key FROM "+e.Plural+" WHERE workspace_id = $1", []any{tx.Actor.Workspace}
	for i, name := range names {
		if !values[i].Set() {
			return 0, nil
		}
		args = append(args, columnValue(values[i]))
		text += fmt.Sprintf(" AND %s = $%d", e.Field(name).Col(), len(args))
	}
	if err := tx.restoreHolders(e, names, values); err != nil {
		return 0, err
	}
	if found, err := tx.Row(text, args, &key); err != nil || !found {
		return 0, err
	}
	if len(ownershipSets(e)) > 0 { // it may be about to go
		if _, found, err := tx.readVisible(e, key); err != nil || !found {
			return 0, err
		}
	}
	return key, nil
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
	if err := tx.setStamps(rec, true); err != nil {
		return Outcome{}, err
	}
	args := []any{rec.Key, tx.Actor.Workspace}
	for _, i := range tx.store.mappings[d.Entity].persistent {
		args = append(args, columnValues(&d.Entity.Fields[i], rec.Values[i])...)
	}
	if err := tx.Exec(tx.store.mappings[d.Entity].insert, args...); err != nil {
		return Outcome{}, err
	}
	return Outcome{before, rec, Created}, tx.finish("create", before, rec)
}

func (tx *Tx) setStamps(rec crm.Record, fresh bool) error {
	if _, err := tx.counters(); err != nil { // the time is that of the log
		return err
	}
	by := crm.Str(tx.Actor.Email)
	if fresh {
		rec.Set(crm.FieldCreatedAt, crm.Millis(tx.now))
		rec.Set(crm.FieldCreatedBy, by)
		for i := range rec.Entity.Fields {
			if f := &rec.Entity.Fields[i]; f.Rollup != nil && f.Type.Kind() == crm.IntKind {
				rec.Values[i] = crm.Number(0)
			}
		}
	}
	rec.Set(crm.FieldVersion, crm.Number(rec.Version()+1))
	rec.Set(crm.FieldUpdatedAt, crm.Millis(tx.now))
	rec.Set(crm.FieldUpdatedBy, by)
	return nil
}

// Update changes the fields sent of the record with the key.
func (tx *Tx) Update(key int64, d Draft) (Outcome, error) {
	before, err := tx.Fetch(d.Entity, key)
	if err != nil {
		return Outcome{}, err
	}
	after, err := tx.ApplyDraft(before, d)
	if err != nil {
		return Outcome{}, err
	}
	if len(crm.Changed(before.Values, after.Values)) == 0 {
		return Outcome{before, before, Unchanged}, nil
	}
	if err := tx.MayChange(before); err != nil {
		return Outcome{}, err
	}
	if before, after, err = tx.detachDanglingBefore(before, after); err != nil {
		return Outcome{}, err
	}
	return Outcome{before, after, Updated}, tx.replace(before, after)
}

// ApplyDraft returns the record as the draft wants it.
func (tx *Tx) ApplyDraft(before crm.Record, d Draft) (crm.Record, error) {
	if d.Version != 0 && before.ID == "" {
		return before, crm.Errorf(crm.VersionConflict, "there is no %s at version %d to update; leave version out to make one.", d.Entity.Name, d.Version)
	}
	if d.Version != 0 && d.Version != before.Version() {
		return before, Conflict(before, d.Version)
	}
	if err := tx.checkSame(before, d); err != nil {
		return before, err
	}
	values, fault := crm.Apply(d.Entity, before.Values, d.Inputs, tx.now)
	if fault != nil {
		return before, fault
	}
	after := before.Clone()
	after.Values = values
	return after, nil
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
	if err := tx.setStamps(after, false); err != nil {
		return err
	}
	var set []string
	args := []any{tx.Actor.Workspace, after.Key}
	for _, i := range crm.Changed(before.Values, after.Values) {
		f := &e.Fields[i]
		for j, column := range fieldColumns(f) {
			args = append(args, columnValues(f, after.Values[i])[j])
			set = append(set, fmt.Sprintf("%s = $%d", column, len(args)))
		}
	}
	if err := tx.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", e.Plural, strings.Join(set, ", ")), args...); err != nil {
		return err
	}
	return tx.finish("update", before, after)
}

// finish keeps the side tables, what is kept in other records, and the log in step
// with a record's change.
func (tx *Tx) finish(action string, before, after crm.Record) error {
	tx.markChanged(tx.Actor.Workspace)
	tx.job.changedRecords = append(tx.job.changedRecords, after)
	tx.job.dryRun.change(before, after)
	tx.invalidate(after.Entity, after.Key)
	if err := tx.index(before, after); err != nil {
		return err
	}
	if err := tx.updateRollups(before, after); err != nil {
		return err
	}
	if err := tx.propagateInherited(before, after); err != nil {
		return err
	}
	grow := tx.GrowStorage
	if !tx.capped(action) {
		grow = tx.addBytes
	}
	if err := grow(recordBytes(after) - recordBytes(before)); err != nil {
		return err
	}
	return tx.LogRecord(action, before, after)
}

// Conflict is the error for a record that is not at the version a client
// expects; it carries the record as it stands.
func Conflict(rec crm.Record, want int64) error {
	err := crm.Errorf(crm.VersionConflict, "%s is at version %d, not %d: it changed meanwhile. Decide on the record below, then repeat with its version.",
		rec.Handle(), rec.Version(), want)
	err.Record = &rec
	return err
}

// checkSame refuses read-only fields that were sent with another value than the
// record shows. What is kept from other records changes without the record: who
// sends it back with the version it was read at may do so.
func (tx *Tx) checkSame(rec crm.Record, d Draft) error {
	env := query.For(tx.store.Schema, tx.Actor, time.UnixMilli(tx.now), nil)
	for _, in := range d.Inputs {
		if in.Mode != crm.CheckOnly || env.MatchesStored(rec, in) || in.Field.Derived() && d.Version != 0 {
			continue
		}
		if in.Label {
			return crm.Errorf(crm.ReadOnlyField, "%s shows what %s points to; to change the reference set %s.", in.Name(), in.Field.Name, in.Field.Name).On(in.Name())
		}
		return crm.Errorf(crm.ReadOnlyField, "%s is kept by the server and cannot be set to %s; leave it out.", in.Name(), norm.ShowJSON(in.JSON)).On(in.Name())
	}
	return nil
}

// checkReferences looks up what newly set references point to, and notes what
// it is called.
func (tx *Tx) checkReferences(before, after crm.Record) error {
	for _, i := range tx.store.mappings[after.Entity].labels {
		f, v := &after.Entity.Fields[i], after.Values[i]
		if v.Equal(before.Values[i]) {
			continue
		}
		after.Labels[i] = ""
		if !v.Set() {
			continue
		}
		to := after.Entity.Target(f)
		if err := tx.restoreDryRun(to, v.Int); err != nil {
			return err
		}
		found, err := tx.Row(fmt.Sprintf("SELECT %s FROM %s WHERE workspace_id = $1 AND key = $2", to.LabelField, to.Plural),
			[]any{tx.Actor.Workspace, v.Int}, &after.Labels[i])
		if err != nil {
			return err
		}
		if !found {
			return NoReference(f, to, v.Int)
		}
	}
	return nil
}

func (tx *Tx) checkUnique(before, after crm.Record) error {
	e := after.Entity
	for _, names := range e.Keys() {
		was, is := valuesOf(before, names), valuesOf(after, names)
		if slices.EqualFunc(was, is, crm.Value.Equal) {
			continue
		}
		key, err := tx.KeyBy(e, names, is)
		if err != nil {
			return err
		}
		if key != 0 {
			id, name := crm.RecordID(e.Prefix, key), names[len(names)-1]
			return crm.Errorf(crm.AlreadyExists, "%s=%s belongs to %s/%s. Update that record with PATCH /%s/%s, or send another %s.",
				name, norm.Quote(spelled(e.Field(name), e, is[len(is)-1])), e.Name, id, e.Route(), id, name).On(name)
		}
	}
	return nil
}

func valuesOf(rec crm.Record, names []string) []crm.Value {
	values := make([]crm.Value, len(names))
	for i, name := range names {
		values[i] = rec.Value(name)
	}
	return values
}

// spelled returns a value of text or a reference as clients see it.
func spelled(f *crm.Field, e *crm.Entity, v crm.Value) string {
	if to := e.Target(f); to != nil {
		return crm.RecordID(to.Prefix, v.Int)
	}
	return v.Text
}
