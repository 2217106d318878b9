package store

import (
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/store/table"
)

// PutBack writes a record with values that it had before. Nothing is applied to them that a client could send. Because
// of another record it also goes into one of another user, as what follows from a delete or merge does.
func (tx *Tx) PutBack(before, after crm.Record) (err error) {
	if tx.cause.entity == nil {
		if err := tx.MayChange(before); err != nil {
			return err
		}
	}
	if before, after, err = tx.detachDanglingBefore(before, after); err != nil {
		return err
	}
	return tx.replace(before, after)
}

// Part says how a record went.
type Part struct {
	Winner int64      // the record that it became a part of; 0: it was deleted
	Led    []int64    // records that were parts of it, and with it became parts of the winner
	Cause  crm.Record // the record whose delete took it along, by its entity and key; zero: none
}

// as has the transaction log what it does as a consequence, until the function that it returns is called.
func (tx *Tx) as(cause deleting, winner int64) (end func()) {
	wasDeleting, wasCause, wasWinner := tx.deleting, tx.cause, tx.winner
	tx.cause, tx.winner = cause, winner
	return func() { tx.deleting, tx.cause, tx.winner = wasDeleting, wasCause, wasWinner }
}

// Revive makes a record again that was deleted, or became a part of another one, under its key and with the
// values that it had. rec has the version that it had then.
func (tx *Tx) Revive(rec crm.Record, was Part) error {
	if err := tx.inheritedLead(rec); err != nil {
		return err
	}
	gone := rec.Stub()
	if err := tx.checkReferences(gone, rec); err != nil {
		return err
	}
	if err := tx.store.shapes.Settle(tx.Tx, rec); err != nil {
		return err
	}
	if err := tx.checkUnique(gone, rec); err != nil {
		return err
	}
	if err := tx.takePlace(rec.Entity.Plural, func(limit int64) (bool, error) { return tx.CountAgain(rec.Entity.Plural, limit) }); err != nil {
		return err
	}
	if err := table.Unlead(tx.Exec, tx.Actor.Workspace, rec, was.Led); err != nil {
		return err
	}
	if err := tx.setStamps(rec); err != nil {
		return err
	}
	defer tx.as(deleting{was.Cause.Entity, was.Cause.Key}, was.Winner)()
	return tx.insert(restored, rec)
}

// restored is the action of the log for a record that was made again.
const restored = "restore"

// RemoveAgain deletes a record to which nothing refers, or makes it a part of another one, which has its values. With a
// cause it goes also if another user wrote it. What still inherits a reference to it follows in steps.
func (tx *Tx) RemoveAgain(rec crm.Record, was Part) (err error) {
	defer tx.as(deleting{was.Cause.Entity, was.Cause.Key}, was.Winner)()
	if rec, _, err = tx.detachDangling(rec); err != nil || rec.Entity == nil {
		return err
	}
	action, then := "delete", deleted
	if tx.deleting = (deleting{rec.Entity, rec.Key}); was.Winner != 0 {
		action, then, tx.cause = "merge", merged, tx.deleting
		if err := tx.leadTo(rec, was.Winner); err != nil {
			return err
		}
	}
	later, err := tx.hasMoreReferences(tx.store.Schema.Referring(rec.Entity), rec.Key, 0)
	switch {
	case err != nil:
		return err
	case later:
		return tx.hide(action, rec, then)
	}
	return tx.remove(action, rec)
}

// Because runs writes whose reason is the delete of a record, or that it comes back. The log names it in each of
// their entries, so that they are restored or deleted with it.
func (tx *Tx) Because(e *crm.Entity, key int64, write func() error) error {
	defer func(was deleting) { tx.cause = was }(tx.cause)
	tx.cause = deleting{e, key}
	return write()
}

// RestoreStep goes on with the restore of a record from a place, until a time, and returns the next place; empty:
// it was the last step. Store.SetRestore sets it.
type RestoreStep func(tx *Tx, place string, until time.Time) (next string, err error)

// SetRestore sets the function that goes on with restores. They wait until it is set.
func (s *Store) SetRestore(step RestoreStep) {
	s.cascades.restore.Store(&step)
	s.cascades.wake()
}

// ContinueRestore has the store go on with the restore of a record, which is there again, from a place: in steps,
// after a kill too.
func (tx *Tx) ContinueRestore(rec crm.Record, place string) error {
	return tx.scheduleCascade(cascade{kind: restoreKind(rec.Entity), record: rec.Key, gone: returns, place: place})
}

// restoreKind is the kind of the cascade of a restore. It is no kind of record, so other cascades of the same record
// are beside it.
func restoreKind(e *crm.Entity) string { return "restore " + e.Name }

// Unsettled reports whether steps of a delete or merge of a record are to follow, or of its restore.
func (tx *Tx) Unsettled(e *crm.Entity, key int64) (is bool, err error) {
	if some, err := tx.hasPendingDeletes(); err != nil || !some {
		return false, err
	}
	var one int64
	return tx.Row("SELECT 1 FROM cascades WHERE workspace_id = $1 AND kind IN ($2, $3) AND record = $4 AND gone > 0 LIMIT 1", []any{tx.Actor.Workspace, e.Name, restoreKind(e), key}, &one)
}

// restoreStep brings back some more of what was deleted with a record.
func (tx *Tx) restoreStep(c cascade) error {
	step := tx.store.cascades.restore.Load()
	if step == nil {
		return errors.New("this process does not restore records")
	}
	next, err := (*step)(tx, c.place, tx.until)
	if err != nil {
		return err
	}
	if next == "" {
		return tx.finishCascade(c)
	}
	return tx.Exec("UPDATE cascades SET place = $4 WHERE workspace_id = $1 AND kind = $2 AND record = $3", c.workspace, c.kind, c.record, next)
}
