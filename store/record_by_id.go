package store

import "crmkit/crm"

// RecordByID returns the record with a random id as the transaction sees it, or a
// not_found error.
func (tx *Tx) RecordByID(e *crm.Entity, id string) (crm.Record, error) {
	rec, found, err := tx.find(tx.store.mappings[e].byID, e, id)
	if err == nil && !found {
		err = tx.NotFoundByID(e, id)
	}
	return rec, err
}

// NotFoundByID is the error for a random id that finds nothing.
func (tx *Tx) NotFoundByID(e *crm.Entity, id string) error { return notFoundByID(tx.Actor, e, id) }

// find reads one row of an entity by its scope and one value.
func (tx *Tx) find(text string, e *crm.Entity, value string) (crm.Record, bool, error) {
	row := tx.store.mappings[e].newRow()
	found, err := tx.Row(text, []any{scope(tx.Actor, e), value}, row.dest...)
	if !found || err != nil {
		return crm.Record{}, false, err
	}
	rec, err := row.record()
	return rec, err == nil, tx.store.wrapReadError(err)
}

// RecordBy returns the record of an entity with random ids that has the value in a column.
func (tx *Tx) RecordBy(e *crm.Entity, column, value string) (rec crm.Record, found bool, err error) {
	t := tx.store.mappings[e]
	return tx.find("SELECT "+t.columns+" FROM "+t.from+" WHERE t."+e.ScopeColumn()+" = $1 AND t."+column+" = $2", e, value)
}
