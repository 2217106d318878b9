package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/sqlite"
	"crmkit/store/table"
)

// A record may have any number of labels derived from other records, such as the users who
// logged activities for a contact. The table tags has all of them, and filters search all of
// them. A record shows crm.MaxTags, and a write reads only a few more.

// addLabels changes how often a record has labels, and returns the labels that it shows if they
// changed.
func (tx *Tx) addLabels(e *crm.Entity, f *crm.Field, key int64, changes map[string]int64) (list any, changed bool, err error) {
	text := "[]" // for a deleted record: its labels are deleted with the records they derive from
	_, err = tx.Row(fmt.Sprintf("SELECT COALESCE(%s, '[]') FROM %s WHERE workspace_id = $1 AND key = $2", f.Col(), e.Plural), []any{tx.Actor.Workspace, key}, &text)
	if err != nil {
		return nil, false, err
	}
	before := table.Strings(text)
	shown := slices.Clone(before[:min(len(before), crm.MaxTags)])
	for label, n := range changes {
		change, err := tx.addLabel(e.TagKind(f), key, label, n)
		if err == nil && change != 0 {
			err = tx.countUses(e.Name, []valueUse{{f.Name, label, change}})
		}
		if err != nil {
			return nil, false, err
		}
		at, there := slices.BinarySearch(shown, label)
		switch {
		case change == added && !there && len(shown) < crm.MaxTags:
			shown = slices.Insert(shown, at, label)
		case change == removed && there:
			shown = slices.Delete(shown, at, at+1)
		}
	}
	if len(before) >= crm.MaxTags && len(shown) < crm.MaxTags {
		if shown, err = tx.refillLabels(e.TagKind(f), key, shown); err != nil {
			return nil, false, err
		}
	}
	return table.Arg(crm.Labels(shown)), !slices.Equal(before, shown), nil
}

// refillLabels adds labels that the record has to those that it shows.
func (tx *Tx) refillLabels(side string, key int64, shown []string) ([]string, error) {
	some, err := tx.labels(side, key, maxLabelScan)
	for _, label := range some {
		if at, there := slices.BinarySearch(shown, label); !there && len(shown) < crm.MaxTags {
			shown = slices.Insert(shown, at, label)
		}
	}
	return shown, err
}

// maxLabelScan is how many labels are read to find one to show.
const maxLabelScan = 2 * crm.MaxTags

// labels returns at most so many labels that a record has in a field.
func (tx *Tx) labels(side string, key int64, most int) (list []string, err error) {
	err = tx.Rows("SELECT n.name FROM "+sqlite.JoinInOrder("tags g", "names n")+" WHERE g.record = $3 AND n.key = g.name_id AND n.workspace_id = $1 AND n.kind = $2 LIMIT $4",
		[]any{tx.Actor.Workspace, side, key, most},
		func(scan func(...any) error) error {
			list = append(list, "")
			return scan(&list[len(list)-1])
		})
	return list, err
}

// allLabels returns a record that is being deleted with the labels that are deleted with it,
// including those that it does not show. If too many records refer to it, the rest of the
// labels is deleted in the steps.
func (tx *Tx) allLabels(rec crm.Record) (crm.Record, error) {
	all := rec
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		if f.Rollup() == nil || f.Type.Kind() != crm.ListKind {
			continue
		}
		labels, err := tx.labels(rec.Entity.TagKind(f), rec.Key, max(tx.store.cascades.atOnce, crm.MaxTags))
		if err != nil {
			return rec, err
		}
		slices.Sort(labels)
		all = all.Clone()
		all.Values[i] = crm.Labels(labels)
	}
	return all, nil
}

// addLabel counts one label of a record up or down. It returns added if the record gains the
// label, removed if it loses it, and 0 otherwise.
func (tx *Tx) addLabel(side string, key int64, label string, n int64) (change int64, err error) {
	var left int64
	args := []any{tx.Actor.Workspace, side, label, key, n}
	if n > 0 {
		if err = tx.makeNames(side, []string{label}); err == nil {
			_, err = tx.Row("INSERT INTO tags (name_id, record, n) VALUES ("+nameKey+`, $4, $5)
				ON CONFLICT (name_id, record) DO UPDATE SET n = tags.n + excluded.n RETURNING n`, args, &left)
		}
		if err == nil && left == n {
			change = added
		}
		return change, err
	}
	found, err := tx.Row("UPDATE tags SET n = n + $5 WHERE record = $4 AND name_id = "+nameKey+" RETURNING n", args, &left)
	if err != nil || !found || left > 0 { // a hidden record has none
		return 0, err
	}
	return removed, tx.deleteNamed("tags", side, key, []string{label})
}
