package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/ahead"
	"crmkit/store/refusal"
	"crmkit/store/secondary"
	"crmkit/store/shape"
	"crmkit/store/table"
)

// Save makes a record, or updates the one that has a key of the draft: its unique value, an item
// of its lists that belong to one record, or references that name a record together. Keys that
// lead to different records are an error. A record that was found by one of its further values
// keeps the value of the unique field, and takes the one of the draft as a further value.
func (tx *Tx) Save(d Draft) (Outcome, error) {
	return tx.following(d, func(d Draft) (Outcome, error) {
		key, err := tx.KeyOfDraft(d)
		if err != nil {
			return Outcome{}, err
		}
		return tx.saveAs(key, d)
	})
}

// SaveAs updates the record with the key as Save does, and makes one if the key is 0. The key must
// be that of KeyOfDraft.
func (tx *Tx) SaveAs(key int64, d Draft) (Outcome, error) {
	tried := false
	return tx.following(d, func(d Draft) (_ Outcome, err error) {
		if tried && key == 0 { // with the references that it really has, it may be known
			key, err = tx.KeyOfDraft(d)
		}
		if tried = true; err != nil {
			return Outcome{}, err
		}
		return tx.saveAs(key, d)
	})
}

func (tx *Tx) saveAs(key int64, d Draft) (Outcome, error) {
	if key == 0 {
		return tx.create(d)
	}
	d.Inputs = table.AddingItems(d.Inputs)
	d, err := tx.keepUnique(d, key)
	if err != nil {
		return Outcome{}, err
	}
	return tx.update(key, d)
}

// KeyOfDraft returns the key of the record that has a key of the draft, 0 if none has. The error
// already_exists names two records if keys of the draft lead to different ones.
func (tx *Tx) KeyOfDraft(d Draft) (key int64, err error) {
	e, by := d.Entity, ""
	found := func(other int64, name, value string) error {
		if other != 0 && key != 0 && other != key {
			return refusal.Two(tx.store.Schema, e, [2]int64{key, other}, [2]string{by, name + "=" + norm.Quote(value)}).On(name)
		}
		if other != 0 {
			key, by = other, name+"="+norm.Quote(value)
		}
		return nil
	}
	for _, names := range e.Keys.All() {
		values := table.ValuesIn(d.Inputs, names)
		other, err := tx.KeyBy(e, names, values, 0)
		if err == nil && (key == 0 || len(names) == 1) { // a link to two records has an error of its own
			err = found(other, names[0], values[0].Text)
		}
		if err != nil {
			return 0, err
		}
	}
	for _, in := range d.Inputs {
		if !slices.Contains(e.Keys.Items, in.Field.Name) {
			continue
		}
		for _, item := range table.ItemForms(in.Field, in.Value) {
			other, err := tx.holder(e, in.Field, item)
			if err == nil {
				err = found(other, in.Field.Name, item)
			}
			if err != nil {
				return 0, err
			}
		}
	}
	err = tx.store.shapes.Holders(tx.Tx, e, d.Inputs, found)
	return key, err
}

// keepUnique returns the draft without the value of the unique field, if the record with the key
// has another and was found by an address of the draft. The value becomes a further one.
func (tx *Tx) keepUnique(d Draft, key int64) (Draft, error) {
	f := d.Entity.Field(d.Entity.Keys.Unique)
	if f == nil || f.Others == "" {
		return d, nil
	}
	sent := table.ValuesIn(d.Inputs, []string{f.Name})[0]
	rec, found, err := tx.Visible(d.Entity, key)
	if !sent.Set() || !found || err != nil || !rec.Value(f.Name).Set() || rec.Value(f.Name).Equal(sent) || !crm.SharesAddress(rec, d.Inputs) {
		return d, err
	}
	others := d.Entity.Field(f.Others)
	inputs := slices.DeleteFunc(slices.Clone(d.Inputs), func(in crm.Input) bool { return in.Field == f })
	at := slices.IndexFunc(inputs, func(in crm.Input) bool { return in.Field == others })
	if at < 0 {
		at, inputs = len(inputs), append(inputs, crm.Input{Field: others, Mode: crm.EditTags})
	}
	inputs[at].Value = crm.Labels(append(slices.Clone(inputs[at].Value.List()), sent.Text))
	d.Inputs = inputs
	return d, nil
}

// KeyBy returns the key of a record other than own with the unique values, or 0 if none has them or one of the values is
// unset. While references follow a merge, there may be two.
func (tx *Tx) KeyBy(e *crm.Entity, names []string, values []crm.Value, own int64) (key int64, err error) {
	text, args := "SELECT key FROM "+e.Plural+" WHERE workspace_id = $1 AND key <> $2", []any{tx.Actor.Workspace, own}
	for i, name := range names {
		if !values[i].Set() {
			return 0, nil
		}
		args = append(args, table.Arg(values[i]))
		is, err := tx.isValue(e, e.Field(name), fmt.Sprintf("$%d", len(args)))
		if err != nil {
			return 0, err
		}
		text += is
	}
	if err := tx.DryRun().RestoreHolders(e, names, values); err != nil {
		return 0, err
	}
	if f := e.Field(names[0]); f.Others != "" {
		others := e.Field(f.Others)
		args = append(args, e.ItemKind(others), others.ItemForm(values[0].Text))
		text += fmt.Sprintf(" UNION ALL SELECT record FROM list_values WHERE workspace_id = $1 AND record <> $2 AND kind = $%d AND value = $%d LIMIT 1", len(args)-1, len(args))
	}
	key, known, err := ahead.Holder(tx.Tx, e, names, values)
	if !known && err == nil {
		_, err = tx.Row(text, args, &key)
	}
	if key == 0 || err != nil {
		return 0, err
	}
	return tx.ifVisible(e, key)
}

// ifVisible returns the key of a record, or 0 if the record is about to be deleted with others.
func (tx *Tx) ifVisible(e *crm.Entity, key int64) (int64, error) {
	if len(e.Parents.Sets()) > 0 {
		if _, found, err := tx.Visible(e, key); err != nil || !found {
			return 0, err
		}
	}
	return key, nil
}

// Present returns the key of the record that a key leads to, 0 if there is none. It reads less than Lookup.
func (tx *Tx) Present(e *crm.Entity, key int64) (int64, error) {
	if err := tx.DryRun().Restore(e, key); err != nil {
		return 0, err
	}
	var one int64
	found, err := tx.Row("SELECT 1 FROM "+e.Plural+" WHERE workspace_id = $1 AND key = $2", []any{tx.Actor.Workspace, key}, &one)
	if err != nil {
		return 0, err
	}
	if found {
		return tx.ifVisible(e, key)
	}
	rec, found, err := tx.led(e, key)
	if err != nil || !found {
		return 0, err
	}
	return rec.Key, nil
}

// holder returns the key of the record that has an item, in its compared form, in a list or in
// the field whose further values the list has; 0 if none has.
func (tx *Tx) holder(e *crm.Entity, f *crm.Field, item string) (int64, error) {
	if of := e.KeyField(f); of != f {
		return tx.KeyBy(e, []string{of.Name}, []crm.Value{crm.Str(item)}, 0)
	}
	if err := tx.DryRun().RestoreHolders(e, []string{f.Name}, []crm.Value{crm.Str(item)}); err != nil {
		return 0, err
	}
	return tx.itemHolder(e, f, item)
}

// itemHolder returns the key of the record that has an item in a list; 0 if none has.
func (tx *Tx) itemHolder(e *crm.Entity, f *crm.Field, item string) (key int64, err error) {
	if len(e.Parents.Sets()) == 0 { // no record of the kind is deleted with others, so one has it
		return ahead.ItemHolder(tx.Tx, e, f, f.ItemForm(item))
	}
	keys, err := secondary.Holders(tx.Tx, e, f, f.ItemForm(item))
	for _, key = range keys {
		if key, err = tx.ifVisible(e, key); key != 0 || err != nil {
			return key, err
		}
	}
	return 0, err
}

// KeyOf returns the key of the record whose unique field has the value, or 0.
func (tx *Tx) KeyOf(e *crm.Entity, v crm.Value) (key int64, err error) {
	return tx.KeyBy(e, []string{e.Keys.Unique}, []crm.Value{v}, 0)
}

// KeyOfItem returns the key of the record that has an item in a list whose items belong to one record each, or 0.
func (tx *Tx) KeyOfItem(e *crm.Entity, list, item string) (int64, error) {
	return tx.holder(e, e.Field(list), e.Field(list).ItemForm(item))
}

// checkUnique refuses a record with a key that another record has.
func (tx *Tx) checkUnique(before, after crm.Record) error {
	e := after.Entity
	for _, names := range e.Keys.All() {
		was, is := table.ValuesOf(before, names), table.ValuesOf(after, names)
		if slices.EqualFunc(was, is, crm.Value.Equal) {
			continue
		}
		key, err := tx.KeyBy(e, names, is, after.Key)
		if err != nil {
			return err
		}
		if key != 0 && key != after.Key {
			name := names[len(names)-1]
			return refusal.Taken(e, key, name, table.Spelled(e.Field(name), e, is[len(is)-1]))
		}
	}
	for _, name := range e.Keys.Items {
		f := e.Field(name)
		known := table.ItemForms(f, before.Value(name))
		for _, item := range table.ItemForms(f, after.Value(name)) {
			if slices.Contains(known, item) {
				continue
			}
			key, err := tx.holder(e, f, item)
			if err != nil {
				return err
			}
			if key != 0 && key != after.Key {
				return refusal.Taken(e, key, name, table.Spelled(f, e, crm.Labels([]string{item})))
			}
		}
	}
	return tx.store.shapes.CheckUnique(tx.Tx, before, after)
}

// Redeclare notes that what the workspace of the transaction has declared is not what it was.
func (tx *Tx) Redeclare() error { return tx.store.shapes.Increase(tx.Tx) }

// TakenMember returns a value of a unique declared key that a change sets and another record has.
func (tx *Tx) TakenMember(before, after crm.Record) (shape.Taken, error) {
	return tx.store.shapes.Taken(tx.Tx, before, after)
}
