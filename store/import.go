package store

import (
	"errors"
	"fmt"

	"crmkit/crm"
	"crmkit/query"
)

// Try runs fn and takes back what it changed when it fails; what the transaction
// did before stays. It returns the error of fn.
func (tx *Tx) Try(fn func() error) error {
	changed, mark := len(tx.job.changed), tx.store.writer.ledgers.mark()
	fault, err := tx.part(fn)
	if fault != nil {
		tx.job.changed = tx.job.changed[:changed]
		tx.store.writer.rewind(mark)
	}
	if err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	return fault
}

// part runs a part of a job, in a savepoint where jobs have one. Where they have none, a
// part that fails half done makes the whole batch run again, with savepoints.
func (tx *Tx) part(fn func() error) (fault, err error) {
	if tx.apart {
		if err := tx.mark("SAVEPOINT part"); err != nil {
			return nil, err
		}
		if fault = fn(); fault != nil {
			err = tx.mark("ROLLBACK TO part")
		}
		return fault, errors.Join(err, tx.mark("RELEASE part"))
	}
	before := tx.dirty
	tx.dirty = false
	if fault = fn(); fault != nil && tx.dirty {
		tx.half, err = true, errHalfDone
	}
	tx.dirty = tx.dirty || before
	return fault, err
}

// Lookup returns the record with the key, if there is one.
func (tx *Tx) Lookup(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	return tx.record(e, key)
}

// KeyOf returns the key of the record whose unique field has the value, 0 when
// none has.
func (tx *Tx) KeyOf(e *crm.Entity, v crm.Value) (key int64, err error) {
	return tx.KeyBy(e, []string{e.Unique}, []crm.Value{v})
}

// Names hands each the folded names of the records with keys above one, in the order
// of keys. The entity's Display must be text.
func (tx *Tx) Names(e *crm.Entity, above int64, each func(key int64, fold string)) error {
	above = max(above, crm.RecordKey(tx.Actor.Workspace, 0))
	text := fmt.Sprintf("SELECT t.key, %s FROM %s t WHERE t.workspace_id = $1 AND t.key > $2 AND t.key < $3 ORDER BY t.key", query.FoldedSQL("t", e.Field(e.Display)), e.From())
	return tx.rows(text, []any{tx.Actor.Workspace, above, crm.RecordKey(tx.Actor.Workspace+1, 0)}, func(scan func(...any) error) error {
		var key int64
		var fold string
		if err := scan(&key, &fold); err != nil {
			return err
		}
		each(key, fold)
		return nil
	})
}
