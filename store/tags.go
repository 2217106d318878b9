package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/table"
)

// index updates the tables tags, custom_values and values_in_use for a change of a record.
func (tx *Tx) index(before, after crm.Record) (err error) {
	if after.Version() == 0 {
		if before, err = tx.allLabels(before); err != nil {
			return err
		}
	}
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		switch {
		case f.Type.Kind() == crm.ListKind:
			err = tx.indexTags(after.Entity.TagKind(f), after.Key, was.List(), is.List())
		case f.Type.Kind() == crm.ObjectKind:
			err = tx.indexCustom(after.Entity.TagKind(f), after.Key, was.Members(), is.Members())
		}
		if err != nil {
			return err
		}
	}
	return tx.countUses(after.Entity.Name, usesOf(before, after))
}

func (tx *Tx) indexTags(kind string, key int64, was, is []string) error {
	if err := tx.deleteNamed("tags", kind, key, difference(was, is)); err != nil {
		return err
	}
	return tx.addTags(kind, key, difference(is, was))
}

func (tx *Tx) indexCustom(kind string, key int64, was, is []crm.Member) error {
	if err := tx.deleteNamed("custom_values", kind, key, difference(memberNames(was), memberNames(is))); err != nil {
		return err
	}
	return tx.putCustom(kind, key, difference(is, was))
}

// labelsAtOnce is the most labels that one statement adds.
const labelsAtOnce = 16

// addTags adds labels that the record does not have.
func (tx *Tx) addTags(kind string, key int64, labels []string) error {
	for part := range slices.Chunk(labels, labelsAtOnce) {
		args := []any{tx.Actor.Workspace, kind, key}
		for _, label := range part {
			args = append(args, label)
		}
		text := "INSERT INTO tags (name_id, record, n) SELECT n.key, $3, 1 FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name IN (" +
			table.Placeholders(4, len(part)) + ") ON CONFLICT (name_id, record) DO NOTHING"
		if err := tx.insertNamed(kind, part, text, args); err != nil {
			return err
		}
	}
	return nil
}

// putCustom sets custom values of a record. One statement for several rows takes twice as long
// as one statement for each.
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

// customRow returns the name of a custom value, its text, and the forms in which it is
// compared: folded if that differs, as a number, as a time.
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

func memberNames(members []crm.Member) []string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	return names
}

// difference returns the items of a that b lacks.
func difference[T comparable](a, b []T) []T {
	if slices.Equal(a, b) {
		return nil
	}
	there := make(map[T]bool, len(b))
	for _, item := range b {
		there[item] = true
	}
	var list []T
	for _, item := range a {
		if !there[item] {
			list = append(list, item)
		}
	}
	return list
}

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
