package ahead

import (
	"slices"
	"time"

	"crmkit/crm"
	"crmkit/crm/alike"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// OfDraft returns what a write of the actor will ask that makes a record with some inputs. It returns
// nothing for inputs of which no record can be made.
func OfDraft(e *crm.Entity, inputs []crm.Input, actor crm.Actor, now time.Time) []txn.Ahead {
	rec := crm.NewRecord(e)
	values, fault := crm.Apply(e, rec.Values, inputs, actor.At(now.UnixMilli()))
	if fault != nil {
		return nil
	}
	rec.Values = values
	list := []txn.Ahead{txn.NextNumberAhead(e.Plural)}
	for _, h := range heldBy(rec) {
		list = append(list, txn.Ahead{Sort: holders{e, h.field}, About: h.value})
	}
	for i, v := range rec.Values {
		if f := &e.Fields[i]; v.Set() && f.Stored() {
			list = append(list, ofField(e, f, v)...)
		}
	}
	if alike.Knows(e) {
		list = append(list, txn.Ahead{Sort: likes{e}, About: like{alike.Of(rec, actor.Country), actor.Country}})
	}
	return list
}

// ofField returns what a write will ask for a value of a field: for the label of a reference, and for the
// keys of names.
func ofField(e *crm.Entity, f *crm.Field, v crm.Value) (list []txn.Ahead) {
	switch to := e.Target(f); {
	case to != nil:
		list = append(list, txn.Ahead{Sort: labels{to}, About: v.Int})
	case f.HasItems():
	case f.Type.Kind() == crm.ListKind:
		for _, label := range v.List() {
			list = append(list, txn.Ahead{Sort: names{e.TagKind(f)}, About: label})
		}
	case f.Type.Kind() == crm.ObjectKind:
		for _, m := range v.Members() {
			list = append(list, txn.Ahead{Sort: names{e.TagKind(f)}, About: m.Name})
		}
	}
	return list
}

// held is a value that one record may have: in a field, or among the further values of the field.
type held struct {
	field *crm.Field
	value string // in the form in which it is compared
}

// heldBy returns the values of a record that no other one may have.
func heldBy(rec crm.Record) (list []held) {
	e := rec.Entity
	if f := e.Field(e.Keys.Unique); f != nil && rec.Value(f.Name).Set() {
		list = append(list, held{f, rec.Value(f.Name).Text})
	}
	for _, name := range e.Keys.Items {
		f := e.Field(name)
		for _, item := range table.ItemForms(f, rec.Value(name)) {
			list = append(list, held{e.KeyField(f), item})
		}
	}
	return list
}

// Changed drops the answers that a change of a record affects. A record that is new has nothing set before.
func Changed(tx *txn.Tx, before, after crm.Record) {
	if !tx.HasAnswers(txn.Records) {
		return
	}
	tx.Forget(txn.Records, labelQuestion(after.Entity, after.Key))
	for _, h := range slices.Concat(heldBy(before), heldBy(after)) {
		tx.Forget(txn.Records, holderQuestion(after.Entity, h.field, h.value))
	}
}

// Holder returns the key of the record that has a value in a unique field, or among its further values, if
// the batch knows that; 0 if none has.
func Holder(tx *txn.Tx, e *crm.Entity, names []string, values []crm.Value) (key int64, known bool, err error) {
	if len(names) > 1 {
		return 0, false, nil
	}
	return txn.Answer[int64](tx, txn.Records, holderQuestion(e, e.Field(names[0]), values[0].Text))
}

// ItemHolder returns the key of the record that has an item, in its compared form, in a list of which
// each item belongs to one record; 0 if none has. The kind must be one whose records are never deleted with
// others.
func ItemHolder(tx *txn.Tx, e *crm.Entity, f *crm.Field, form string) (key int64, err error) {
	key, known, err := txn.Answer[int64](tx, txn.Records, holderQuestion(e, f, form))
	if !known && err == nil {
		_, err = tx.Row("SELECT record FROM list_values WHERE workspace_id = $1 AND kind = $2 AND value = $3", []any{tx.Actor.Workspace, e.ItemKind(f), form}, &key)
	}
	return key, err
}

// Label reads the label of a record; found is false if there is no such record.
func Label(tx *txn.Tx, e *crm.Entity, key int64, label *string) (found bool, err error) {
	answer, known, err := txn.Answer[*string](tx, txn.Records, labelQuestion(e, key))
	if known && answer != nil {
		*label = *answer
	}
	if known || err != nil {
		return answer != nil, err
	}
	return tx.Row("SELECT "+e.LabelField+" FROM "+e.Plural+" WHERE workspace_id = $1 AND key = $2", []any{tx.Actor.Workspace, key}, label)
}
