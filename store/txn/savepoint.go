package txn

import (
	"fmt"
)

// Savepoint runs fn and rolls back what it changed if it fails; earlier changes of the
// transaction stay. It returns the error of fn.
func (tx *Tx) Savepoint(fn func() error) error {
	changed, recorded, mark, dryRun := len(tx.job.changedRecords), len(tx.changes), tx.writer.counters.mark(), tx.job.dryRun.Mark()
	schema := tx.Actor.Schema // which fn may have changed too
	failure, err := tx.savepoint(fn)
	if failure != nil {
		tx.Actor.Schema = schema
		tx.job.changedRecords, tx.changes = tx.job.changedRecords[:changed], tx.changes[:recorded]
		tx.writer.rewind(mark)
		tx.job.dryRun.Rewind(dryRun)
	}
	if err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	return failure
}

// savepoint runs fn in a savepoint if the job runs alone. A job that runs with others has
// none, for with a savepoint SQLite copies every page that is written, and few parts fail: a
// part that fails after writing makes the job run again, alone.
func (tx *Tx) savepoint(fn func() error) (failure, err error) {
	if tx.savepoints {
		tx.depth++
		defer func() { tx.depth-- }()
		name := fmt.Sprint("part", tx.depth) // each inner part has a name of its own
		if err := tx.checked(tx.conn.Savepoint(name)); err != nil {
			return nil, err
		}
		if failure = fn(); failure != nil {
			err := tx.checked(tx.conn.RollbackTo(name))
			tx.aborted = err != nil
			return failure, err
		}
		return nil, tx.checked(tx.conn.Release(name))
	}
	before := tx.dirty
	tx.dirty = false
	defer func() { tx.dirty = tx.dirty || before }() // also if fn panics
	if failure = fn(); failure != nil && tx.dirty {
		tx.partWrote, err = true, errPartialWrite
	}
	return failure, err
}
