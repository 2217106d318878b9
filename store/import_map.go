package store

import (
	"crmkit/crm"
	"crmkit/store/dryrun"
	"crmkit/store/table"
)

// ImportMapping returns the key of the record that was imported under the id, 0 if there is
// none. The record may have been deleted since.
func (tx *Tx) ImportMapping(source string, e *crm.Entity, id string) (key int64, err error) {
	if key = tx.job.dryRun.Imported(dryrun.Import{Source: source, Entity: e, ID: id}); key != 0 {
		return key, nil
	}
	_, err = tx.Row("SELECT record FROM imported WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4",
		[]any{tx.Actor.Workspace, source, e.Name, id}, &key)
	return key, err
}

// SaveImportMapping stores which record an imported id became.
func (tx *Tx) SaveImportMapping(source string, e *crm.Entity, id string, key int64) error {
	tx.job.dryRun.NoteImport(dryrun.Import{Source: source, Entity: e, ID: id}, key)
	args := []any{tx.Actor.Workspace, source, e.Name, id, key}
	n, err := tx.Affect("UPDATE imported SET record = $5 WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4", args...)
	if n > 0 || err != nil {
		return err
	}
	if err := tx.GrowStorage(int64(table.Bytes(source, e.Name, id))); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO imported (workspace_id, source, kind, id, record) VALUES ($1, $2, $3, $4, $5)", args...)
}
