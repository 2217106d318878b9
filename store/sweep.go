package store

import "fmt"

// DeleteRecords deletes all records of the actor's workspace, its log, and what else it stores
// beside accounts. That happens in steps after the write, so the caller also has to take
// away every access to the workspace.
func (tx *Tx) DeleteRecords() error {
	number := tx.Actor.Workspace
	tx.markChanged(number)
	tx.After(func() { tx.store.indexes.Forget(number); tx.store.cache.ClearRecords() })
	if err := tx.Exec("DELETE FROM cascades WHERE workspace_id = $1", number); err != nil {
		return err
	}
	return tx.scheduleCascade(cascade{kind: workspaceKind, record: number, gone: true})
}

// sweepWorkspace deletes some of the rows of a workspace that is gone.
func (tx *Tx) sweepWorkspace(c cascade) error {
	left := int64(sweepStep)
	for _, t := range tx.store.sweeps() {
		for _, workspace := range []int64{c.workspace, -c.workspace} { // hidden records are in the latter
			n, err := tx.Affect(fmt.Sprintf("DELETE FROM %s WHERE workspace_id = $1 AND (%s) IN (SELECT %s FROM %s WHERE workspace_id = $1 LIMIT $2)", t.table, t.key, t.key, t.table), workspace, left)
			if left -= n; err != nil || left <= 0 {
				return err
			}
		}
	}
	if all, err := tx.sweepNames(c.workspace, left); err != nil || !all {
		return err
	}
	delete(tx.store.writer.counters.is, c.workspace)
	return tx.finishCascade(c)
}

// sweep is a table with rows of workspaces, and what names one of those.
type sweep struct{ table, key string }

// sweeps returns what goes with a workspace, each table before those that its rows refer to.
func (s *Store) sweeps() (list []sweep) {
	for _, e := range s.Schema.Dependents() {
		if !e.RandomID {
			list = append(list, sweep{e.Plural, "key"})
		}
	}
	return append(list, sweep{"confirmations", "hash"},
		sweep{"log", "key"}, sweep{"origins", "key"}, sweep{"kept_answers", "user_id, hash"}, sweep{"imported", "source, kind, id"}, sweep{"reservations", "id"},
		sweep{"values_in_use", "kind, field, value"},
		sweep{"usage", "kind"}) // last, for what goes before is counted there
}
