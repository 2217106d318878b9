package secondary

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Update writes what a change of a record changes in the secondary tables. The record before a
// delete must have all its labels, see AllLabels.
func Update(tx *txn.Tx, before, after crm.Record) (err error) {
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		switch {
		case f.HasItems():
			err = updateItems(tx, after.Entity, f, [2]crm.Record{before, after})
		case f.Type.Kind() == crm.ListKind:
			err = rows{tx, after.Entity.TagKind(f), after.Key}.updateTags(was.List(), is.List())
		case f.Type.Kind() == crm.ObjectKind:
			err = rows{tx, after.Entity.TagKind(f), after.Key}.updateCustom(was.Members(), is.Members())
		}
		if err != nil {
			return err
		}
	}
	countUses(tx, before, after)
	return nil
}

// rows are the rows of one record in the tables tags or custom_values, under names of a kind.
type rows struct {
	*txn.Tx
	kind   string
	record int64
}

func (r rows) updateTags(was, is []string) error {
	if err := r.delete("tags", difference(was, is)); err != nil {
		return err
	}
	return r.addTags(difference(is, was))
}

func (r rows) updateCustom(was, is []crm.Member) error {
	if err := r.delete("custom_values", difference(memberNames(was), memberNames(is))); err != nil {
		return err
	}
	return r.putCustom(difference(is, was))
}

// labelsAtOnce is the most labels that one statement adds.
const labelsAtOnce = 16

// addTags adds labels that the record does not have.
func (r rows) addTags(labels []string) error {
	for part := range slices.Chunk(labels, labelsAtOnce) {
		args := []any{r.Actor.Workspace, r.kind, r.record}
		for _, label := range part {
			args = append(args, label)
		}
		text := "INSERT INTO tags (name_id, record, n) SELECT n.key, $3, 1 FROM names n WHERE n.workspace_id = $1 AND n.kind = $2 AND n.name IN (" +
			table.Placeholders(4, len(part)) + ") ON CONFLICT (name_id, record) DO NOTHING"
		if err := r.insert(part, text, args); err != nil {
			return err
		}
	}
	return nil
}

// putCustom sets custom values of a record. One statement for several rows takes twice as long
// as one statement for each.
func (r rows) putCustom(members []crm.Member) error {
	for _, m := range members {
		args := append([]any{r.Actor.Workspace, r.kind, r.record}, customRow(m)...)
		if err := r.insert([]string{m.Name}, putCustomText, args); err != nil {
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
	row := []any{m.Name, text, table.FoldUnlessSame(text), nil, nil}
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

// MakeNames adds the names that do not exist yet.
func MakeNames(tx *txn.Tx, kind string, names []string) error {
	for _, name := range names {
		var known int64
		found, err := tx.Row("SELECT key FROM names WHERE workspace_id = $1 AND kind = $2 AND name = $3", []any{tx.Actor.Workspace, kind, name}, &known)
		if err != nil {
			return err
		}
		if found {
			continue
		}
		key, err := tx.NextKey("names")
		if err != nil {
			return err
		}
		if err := tx.Exec("INSERT INTO names (key, workspace_id, kind, name, fold) VALUES ($1, $2, $3, $4, $5)", key, tx.Actor.Workspace, kind, name, table.FoldUnlessSame(name)); err != nil {
			return err
		}
	}
	return nil
}

// insert runs a statement that adds a row for each of the names that exist. If some do not
// exist it makes them and runs the statement again.
func (r rows) insert(names []string, text string, args []any) error {
	n, err := r.Affect(text, args...)
	if err != nil || n == int64(len(names)) {
		return err
	}
	if err := MakeNames(r.Tx, r.kind, names); err != nil {
		return err
	}
	return r.Exec(text, args...)
}

// delete deletes the rows of some names from a table, and the names that no record uses any more.
func (r rows) delete(table string, names []string) error {
	for _, name := range names {
		if err := r.Exec("DELETE FROM "+table+" WHERE record = $4 AND name_id = "+nameKey, r.Actor.Workspace, r.kind, name, r.record); err != nil {
			return err
		}
		unused := fmt.Sprintf("DELETE FROM names WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND NOT EXISTS (SELECT 1 FROM %s v WHERE v.name_id = names.key)", table)
		if err := r.Exec(unused, r.Actor.Workspace, r.kind, name); err != nil {
			return err
		}
	}
	return nil
}
