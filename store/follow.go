package store

import (
	"errors"
	"slices"

	"crmkit/crm"
	"crmkit/store/table"
)

// A record that was merged into another one leads to it for ever, wherever a client names it.
// Writes look for a record under the key that was sent, and only if there is none in the table
// merged. So a request that names no such record costs nothing more.

// Followed is a record that a client named and that was merged into another one.
type Followed = table.Followed

// Followed returns the merged records that the transaction followed, each once.
func (tx *Tx) Followed() []Followed { return tx.followed }

// Lead returns the key of the record that a key leads to: itself, or the one that it was merged into.
// Of a merged record it also returns the time at which it was made.
func (tx *Tx) Lead(e *crm.Entity, key int64) (to, createdAt int64, err error) {
	to = key
	_, err = tx.Row(table.Winner, []any{tx.Actor.Workspace, e.Name, key}, &to, &createdAt)
	if f := (Followed{Entity: e, From: key, To: to}); to != key && !slices.Contains(tx.followed, f) {
		tx.followed = append(tx.followed, f)
	}
	return to, createdAt, err
}

// led reads the record that a key leads to, if that is another one.
func (tx *Tx) led(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	to, _, err := tx.Lead(e, key)
	if err != nil || to == key {
		return rec, false, err
	}
	return tx.Visible(e, to)
}

// following runs a write of a draft, and once more if a reference of it leads to a record that was
// merged into another one: to that one.
func (tx *Tx) following(d Draft, write func(Draft) (Outcome, error)) (Outcome, error) {
	out, err := write(d)
	var fault *crm.Error
	if !errors.As(err, &fault) || fault.Code != crm.ReferenceNotFound {
		return out, err
	}
	inputs, some := slices.Clone(d.Inputs), false
	for i, in := range inputs {
		to := d.Entity.Target(in.Field)
		if to == nil || in.Mode != crm.Set || !in.Value.Set() {
			continue
		}
		key, _, failed := tx.Lead(to, in.Value.Int)
		if failed != nil {
			return out, failed
		}
		some = some || key != in.Value.Int
		inputs[i].Value = crm.Key(key)
	}
	if !some {
		return out, err
	}
	d.Inputs = inputs
	return write(d)
}

// isValue returns the condition that a field of a key has a value. A reference to a record whose
// references have not all followed a merge may be stored under several keys.
func (tx *Tx) isValue(e *crm.Entity, f *crm.Field, arg string) (string, error) {
	to := e.Target(f)
	if to == nil {
		return " AND " + f.Col() + " = " + arg, nil
	}
	some, err := tx.hasPendingDeletes()
	if err != nil || !some {
		return " AND " + f.Col() + " = " + arg, err
	}
	return " AND " + f.Col() + " IN " + table.AllOf("$1", to.Name, arg), nil
}
