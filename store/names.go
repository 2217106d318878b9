package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// The table names holds each label and each key of custom once per workspace and kind;
// the tables tags and custom_values hold its number. A name that nothing has any more is
// deleted, so a client that sends a new key with every record leaves none behind.

// nameKey is SQL of the number of the name $3 of the kind $2 in the workspace $1.
const nameKey = "(SELECT n.key FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = $3)"

// makeNames adds those of the names that are new.
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

// insertNamed runs a statement that saves a row for each of the names that are known, and runs it
// again when it has made the others.
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

// labelsAtOnce is the most labels that one statement adds.
const labelsAtOnce = 16

// addTags adds labels to a record that has none of them.
func (tx *Tx) addTags(kind string, key int64, labels []string) error {
	for part := range slices.Chunk(labels, labelsAtOnce) {
		args := []any{tx.Actor.Workspace, kind, key}
		for _, label := range part {
			args = append(args, label)
		}
		text := "INSERT INTO tags (name_id, record, n) SELECT n.key, $3, 1 FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name IN (" +
			placeholders(4, len(part)) + ") ON CONFLICT (name_id, record) DO NOTHING"
		if err := tx.insertNamed(kind, part, text, args); err != nil {
			return err
		}
	}
	return nil
}

// putCustom sets custom values of a record. A statement of several rows would take the
// processors twice as long as one for each.
func (tx *Tx) putCustom(kind string, key int64, members []crm.Member) error {
	for _, m := range members {
		args := append([]any{tx.Actor.Workspace, kind, key}, customRow(m)...)
		if err := tx.insertNamed(kind, []string{m.Name}, putCustomText, args); err != nil {
			return err
		}
	}
	return nil
}

const putCustomText = `INSERT INTO custom_values (name_id, record, text, fold, number, time)
	SELECT n.key, $3, $5, $6, $7, $8 FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name = $4
	ON CONFLICT (name_id, record) DO UPDATE SET text = excluded.text, fold = excluded.fold, number = excluded.number, time = excluded.time`

// customRow returns the name of a custom value, its text, and the forms by which it is
// compared: folded where that is another text, as a number, as a time.
func customRow(m crm.Member) []any {
	text := m.JSON
	if s, ok := norm.Unquote(m.JSON); ok {
		text = s
	}
	row := []any{m.Name, text, nil, nil, nil}
	if fold := norm.Fold(text); fold != text {
		row[2] = fold
	}
	if number, ok := norm.NumberKey(text); ok {
		row[3] = number
	}
	if norm.IsAbsoluteTime(text) {
		if span, ok := (norm.Clock{}).Parse(text); ok {
			row[4] = span.From
		}
	}
	return row
}

// deleteNamed deletes a record's rows of some names from one of the tables, and the names
// that no record has then.
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

// sweepNames deletes names of a workspace that is gone, with what records had of them, up
// to about as many rows as left says. It reports whether all are deleted.
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

// nameCost is how many rows of one statement take as long as the statements of a name.
const nameCost = 8
