package store

import (
	"fmt"

	"crmkit/crm"
)

// hide deletes a record to which many refer. Its row stays in the table, so that foreign keys
// remain valid, but with a negative workspace, so that nobody reads it. A cascade does the
// rest, which readers do not see (pending_view.go).
func (tx *Tx) hide(rec crm.Record) error {
	e := rec.Entity
	set := "workspace_id = -workspace_id"
	for i := range e.Fields { // its address is free, and what it refers to may be deleted too
		if f := &e.Fields[i]; f.Stored() && !f.Required && (f.IsReference() || f.Name == e.Keys.Unique) {
			set += ", " + f.Col() + " = NULL"
		}
	}
	n, err := tx.Affect(fmt.Sprintf("UPDATE %s SET %s WHERE workspace_id = $1 AND key = $2", e.Plural, set), tx.Actor.Workspace, rec.Key)
	if err != nil || n == 0 {
		return err
	}
	if err := tx.scheduleCascade(cascade{kind: e.Name, record: rec.Key, gone: true}); err != nil {
		return err
	}
	return tx.removed(rec)
}

// detachStep clears the references to a hidden record in some of the records that hold it, and
// deletes the row when none is left.
func (tx *Tx) detachStep(c cascade) error {
	e, left := tx.store.Schema.ByName(c.kind), tx.store.cascades.step
	tx.cause = deleting{e, c.record}
	for _, ref := range tx.store.Schema.Referring(e) {
		n, err := tx.detach(ref, c.record, left)
		if left -= n; err != nil || left <= 0 {
			return err
		}
	}
	if err := tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND key = $2", e.Plural), -c.workspace, c.record); err != nil {
		return err
	}
	return tx.finishCascade(c)
}
