package store

import "crmkit/crm"

// PutBack writes a record with values that it had before. Nothing is applied to them that a client could send.
func (tx *Tx) PutBack(before, after crm.Record) (err error) {
	if before, after, err = tx.detachDanglingBefore(before, after); err != nil {
		return err
	}
	return tx.replace(before, after)
}

// Part says what a merge did to the handle of a record.
type Part struct {
	Winner int64   // the record that it became a part of; 0: it was deleted
	Led    []int64 // records that were parts of it, and with it became parts of the winner
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
	defer func(winner int64) { tx.winner = winner }(tx.winner)
	tx.winner = was.Winner
	return tx.insert(restored, rec)
}

// restored is the action of the log for a record that was made again.
const restored = "restore"

// unlead makes the handle of a record, and those of records that were parts of it, lead to it again.
func (tx *Tx) unlead(rec crm.Record, led []int64) error {
	args := []any{tx.Actor.Workspace, rec.Entity.Name, rec.Key}
	if err := tx.Exec("DELETE FROM merged WHERE workspace_id = $1 AND kind = $2 AND record = $3", args...); err != nil {
		return err
	}
	for _, key := range led {
		if err := tx.Exec("UPDATE merged SET winner = $3 WHERE workspace_id = $1 AND kind = $2 AND record = $4", append(args, key)...); err != nil {
			return err
		}
	}
	return nil
}

// MergeAgain makes a record, to which nothing refers, a part of another one, which has its values.
func (tx *Tx) MergeAgain(rec crm.Record, winner int64) error {
	defer func(was deleting, cause deleting, winner int64) {
		tx.deleting, tx.cause, tx.winner = was, cause, winner
	}(tx.deleting, tx.cause, tx.winner)
	tx.deleting, tx.winner = deleting{rec.Entity, rec.Key}, winner
	tx.cause = tx.deleting
	if err := tx.leadTo(rec, winner); err != nil {
		return err
	}
	return tx.remove("merge", rec)
}
