package store

import (
	"fmt"
)

// DeleteRecords deletes all records of the actor's workspace, its log, and what else it stores
// beside accounts. That happens in steps after the write, so the caller also has to take
// away every access to the workspace.
func (tx *Tx) DeleteRecords() error {
	number := tx.Actor.Workspace
	tx.MarkChanged(number)
	tx.After(func() { tx.store.indexes.Forget(number); tx.store.cache.ClearRecords() })
	if err := tx.Exec("DELETE FROM cascades WHERE workspace_id = $1", number); err != nil {
		return err
	}
	return tx.scheduleCascade(cascade{kind: workspaceKind, record: number, gone: true})
}

// sweepWorkspace deletes some of the rows of a deleted workspace.
func (tx *Tx) sweepWorkspace(c cascade) error {
	left := int64(sweepStep)
	for _, t := range tx.store.sweeps() {
		for _, workspace := range []int64{c.workspace, -c.workspace} { // hidden records have the negative number
			n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND (%s) IN (SELECT %s FROM %s WHERE workspace_id = $1 LIMIT $2)", t.table, t.key, t.key, t.table), workspace, left)
			if left -= n; err != nil || left <= 0 {
				return err
			}
		}
	}
	if all, err := tx.sweepNames(c.workspace, left); err != nil || !all {
		return err
	}
	tx.ForgetCounters(c.workspace)
	return tx.finishCascade(c)
}

// sweep is a table with rows of workspaces, and the columns of its key.
type sweep struct{ table, key string }

// sweeps returns the tables to empty, each before those that its rows refer to.
func (s *Store) sweeps() (list []sweep) {
	for _, e := range s.Schema.Dependents() {
		if !e.IsView() {
			list = append(list, sweep{e.Plural, "key"})
		}
	}
	if len(s.words) > 0 {
		list = append(list, sweep{"words", "kind, letters, word"})
	}
	return append(list, sweep{"confirmations", "hash"}, sweep{"kept_files", "hash"}, sweep{"kept_parts", "hash, part"},
		sweep{"log", "key"}, sweep{"origins", "key"}, sweep{"kept_answers", "user_id, hash"}, sweep{"imported", "source, kind, id"}, sweep{"reservations", "id"},
		sweep{"list_values", "kind, value, record"}, sweep{"values_in_use", "kind, field, value"},
		sweep{"usage", "kind"}) // last, for what goes before is counted there
}

// sweepNames deletes names of a deleted workspace with the tags and custom values that use
// them, up to about left rows. It reports whether all are deleted.
func (tx *Tx) sweepNames(workspace, left int64) (all bool, err error) {
	for left > 0 {
		var name int64
		found, err := tx.Row("SELECT key FROM names WHERE workspace_id = $1 LIMIT 1", []any{workspace}, &name)
		if err != nil || !found {
			return !found, err
		}
		for _, table := range []string{"tags", "custom_values"} {
			n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE name_id = $1 AND record IN (SELECT record FROM %s WHERE name_id = $1 LIMIT $2)", table, table), name, left)
			if left -= n; err != nil || left <= 0 {
				return false, err
			}
		}
		left -= nameCost
		if err := tx.Exec("DELETE FROM names WHERE key = $1", name); err != nil {
			return false, err
		}
	}
	return false, nil
}

// nameCost is how many rows of one statement cost as much as the statements for a name.
const nameCost = 8
