package store

import "crmkit/crm"

// PutBack writes a record with values that it had before. Nothing is applied to them that a client could send.
func (tx *Tx) PutBack(before, after crm.Record) (err error) {
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
	gone := stubRecord(rec)
	if err := tx.checkReferences(gone, rec); err != nil {
		return err
	}
	if err := tx.checkUnique(gone, rec); err != nil {
		return err
	}
	if err := tx.takePlace(rec.Entity.Plural, func(limit int64) (bool, error) { return tx.CountAgain(rec.Entity.Plural, limit) }); err != nil {
		return err
	}
	if err := tx.unlead(rec, was.Led); err != nil {
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

// unlead makes the handle of a record, and those of records that were parts of it, lead to it again.
func (tx *Tx) unlead(rec crm.Record, led []int64) error {
	args := []any{tx.Actor.Workspace, rec.Entity.Name, rec.Key}
	err := tx.Exec("DELETE FROM merged WHERE workspace_id = $1 AND kind = $2 AND record = $3", args...)
	for i := 0; i < len(led) && err == nil; i++ {
		err = tx.Exec("UPDATE merged SET winner = $3 WHERE workspace_id = $1 AND kind = $2 AND record = $4", append(args, led[i])...)
	}
	return err
}

// RemoveAgain deletes a record to which nothing refers, or makes it a part of another one, which has its values. With
// a cause it goes also if another user wrote it, as what belongs to a deleted record does.
func (tx *Tx) RemoveAgain(rec crm.Record, was Part) (err error) {
	defer tx.as(deleting{was.Cause.Entity, was.Cause.Key}, was.Winner)()
	if rec, _, err = tx.detachDangling(rec); err != nil || rec.Entity == nil {
		return err
	}
	if tx.deleting = (deleting{rec.Entity, rec.Key}); was.Winner == 0 {
		return tx.remove("delete", rec)
	}
	if tx.cause, err = tx.deleting, tx.leadTo(rec, was.Winner); err != nil {
		return err
	}
	return tx.remove("merge", rec)
}
