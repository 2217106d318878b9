package store

import (
	"fmt"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// Savepoint runs fn and takes back what it changed when it fails; what the transaction
// did before stays. It returns the error of fn.
func (tx *Tx) Savepoint(fn func() error) error {
	changed, mark, rehearsed := len(tx.job.changedRecords), tx.store.writer.counters.mark(), tx.job.dryRun.mark()
	fault, err := tx.savepoint(fn)
	if fault != nil {
		tx.job.changedRecords = tx.job.changedRecords[:changed]
		tx.store.writer.rewind(mark)
		tx.job.dryRun.rewind(rehearsed)
	}
	if err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	return fault
}

// savepoint runs a part of a job, in a savepoint where jobs have one. Where they have none, a
// part that fails half done makes the whole batch run again, with savepoints.
func (tx *Tx) savepoint(fn func() error) (fault, err error) {
	if tx.inSavepoint {
		if err := tx.conn.Savepoint("part"); err != nil {
			return nil, err
		}
		if fault = fn(); fault != nil {
			return fault, tx.conn.RollbackTo("part")
		}
		return nil, tx.conn.Release("part")
	}
	before := tx.dirty
	tx.dirty = false
	if fault = fn(); fault != nil && tx.dirty {
		tx.partWrote, err = true, errPartialWrite
	}
	tx.dirty = tx.dirty || before
	return fault, err
}

// Lookup returns the record with the key, if there is one.
func (tx *Tx) Lookup(e *crm.Entity, key int64) (rec crm.Record, found bool, err error) {
	return tx.readVisible(e, key)
}

// KeyOf returns the key of the record whose unique field has the value, 0 when
// none has.
func (tx *Tx) KeyOf(e *crm.Entity, v crm.Value) (key int64, err error) {
	return tx.KeyBy(e, []string{e.Unique}, []crm.Value{v})
}

// KeyNamed returns the key of the one record that is called so, whatever the case and the
// accents; 0 where there is none, or several. The entity's Display must be required.
func (tx *Tx) KeyNamed(e *crm.Entity, name string) (key int64, err error) {
	if err := tx.restoreNamesakes(e, name); err != nil {
		return 0, err
	}
	keys, err := tx.keys(fmt.Sprintf("SELECT t.key FROM %s t WHERE t.workspace_id = $1 AND %s = $2 LIMIT 2", e.TableName(), query.FoldedSQL("t", e.Field(e.LabelField))),
		tx.Actor.Workspace, norm.Fold(name))
	if err != nil || len(keys) != 1 {
		return 0, err
	}
	return keys[0], nil
}
