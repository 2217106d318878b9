package store

import (
	"cmp"

	"crmkit/crm"
	"crmkit/store/list"
	"crmkit/store/view"
)

// Lookup returns the record that a key leads to, if there is one.
func (tx *Tx) Lookup(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	rec, found, err = tx.Visible(e, key)
	if err == nil && !found {
		return tx.led(e, key)
	}
	return rec, found, err
}

// Fetch returns the record that a key leads to as readers see it, or the not_found error that says
// why there is none.
func (tx *Tx) Fetch(e *crm.Entity, key int64) (crm.Record, error) {
	rec, found, err := tx.Lookup(e, key)
	if found || err != nil {
		return rec, err
	}
	if to, _, err := tx.Lead(e, key); err != nil || to != key {
		return rec, cmp.Or(err, view.NotFoundAfterMerge(e, key, to))
	}
	return rec, view.Absent{Workspace: tx.Actor.Workspace, Entity: e, Key: key, Trash: tx.store.Trash()}.Error(tx.Rows)
}

// RecordByID returns the record with a random id as the transaction sees it, or a not_found
// error.
func (tx *Tx) RecordByID(e *crm.Entity, id string) (crm.Record, error) {
	rec, found, err := tx.find(tx.store.mappings[e].ByID, e, id)
	if err == nil && !found {
		err = tx.NotFoundByID(e, id)
	}
	return rec, err
}

// RecordBy returns the row of a view that has the value in a column.
func (tx *Tx) RecordBy(e *crm.Entity, column, value string) (rec crm.Record, found bool, err error) {
	t := tx.store.mappings[e]
	return tx.find("SELECT "+t.Columns+" FROM "+t.From+" WHERE t."+e.ScopeColumn()+" = $1 AND t."+column+" = $2", e, value)
}

// find reads one row of an entity by its scope and one value.
func (tx *Tx) find(text string, e *crm.Entity, value string) (crm.Record, bool, error) {
	row := tx.store.mappings[e].NewRow()
	found, err := tx.Row(text, []any{list.Scope(tx.Actor, e), value}, row.Dest...)
	if !found || err != nil {
		return crm.Record{}, false, err
	}
	rec, err := row.Record()
	return rec, err == nil, tx.store.db.WrapReadError(err)
}

// NotFoundByID is the error for a random id that finds nothing.
func (tx *Tx) NotFoundByID(e *crm.Entity, id string) error { return view.NotFoundByID(tx.Actor, e, id) }

// keys reads a column of keys.
func (tx *Tx) keys(text string, args ...any) (keys []int64, err error) {
	err = tx.Rows(text, args, func(scan func(...any) error) error {
		keys = append(keys, 0)
		return scan(&keys[len(keys)-1])
	})
	return keys, err
}
