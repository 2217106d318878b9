package store

import (
	"fmt"

	"crmkit/crm/norm"
)

// The table names holds each label and each key of custom once per workspace and kind; the
// tables tags and custom_values hold its number. A name that no record uses any more is
// deleted, so a client that sends a new key with every record leaves none behind.

// nameKey is SQL for the number of the name $3 of the kind $2 in the workspace $1.
const nameKey = "(SELECT n.key FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = $3)"

// makeNames adds the names that do not exist yet.
func (tx *Tx) makeNames(kind string, names []string) error {
	for _, name := range names {
		var known int64
		found, err := tx.Row("SELECT key FROM names WHERE workspace_id = $1 AND kind = $2 AND name = $3", []any{tx.Actor.Workspace, kind, name}, &known)
		if err != nil {
			return err
		}
		if found {
			continue
		}
		key, err := tx.Sequence("names")
		if err != nil {
			return err
		}
		var fold any
		if form := norm.Fold(name); form != name {
			fold = form
		}
		if err := tx.Exec("INSERT INTO names (key, workspace_id, kind, name, fold) VALUES ($1, $2, $3, $4, $5)", key, tx.Actor.Workspace, kind, name, fold); err != nil {
			return err
		}
	}
	return nil
}

// insertNamed runs a statement that adds a row for each of the names that exist. If some do
// not exist it makes them and runs the statement again.
func (tx *Tx) insertNamed(kind string, names []string, text string, args []any) error {
	n, err := tx.Affect(text, args...)
	if err != nil || n == int64(len(names)) {
		return err
	}
	if err := tx.makeNames(kind, names); err != nil {
		return err
	}
	return tx.Exec(text, args...)
}

// deleteNamed deletes a record's rows of some names from a table, and the names that no record
// uses any more.
func (tx *Tx) deleteNamed(table, kind string, record int64, names []string) error {
	for _, name := range names {
		if err := tx.Exec("DELETE FROM "+table+" WHERE record = $4 AND name_id = "+nameKey, tx.Actor.Workspace, kind, name, record); err != nil {
			return err
		}
		unused := fmt.Sprintf("DELETE FROM names WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND NOT EXISTS (SELECT 1 FROM %s v WHERE v.name_id = names.key)", table)
		if err := tx.Exec(unused, tx.Actor.Workspace, kind, name); err != nil {
			return err
		}
	}
	return nil
}
