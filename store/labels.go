package store

import (
	"fmt"
	"slices"

	"crmkit/crm"
)

// Labels that are kept of other records may be any number: whoever was a contact logged
// for. The table tags has all of them, and filters find by all. A record shows crm.MaxTags,
// and whoever writes reads no more than some of them.

// addLabels counts labels of a record up or down, and returns the list of those that it
// shows when that changed.
func (tx *Tx) addLabels(e *crm.Entity, f *crm.Field, key int64, labels map[string]int64, sign int64) (list any, changed bool, err error) {
	text := "[]" // of one that is gone, whose labels go with the records that they are kept of
	_, err = tx.Row(fmt.Sprintf("SELECT COALESCE(%s, '[]') FROM %s WHERE workspace_id = $1 AND key = $2", f.Col(), e.Plural), []any{tx.Actor.Workspace, key}, &text)
	if err != nil {
		return nil, false, err
	}
	before := tagList(text)
	shown := slices.Clone(before[:min(len(before), crm.MaxTags)])
	for label, n := range labels {
		change, err := tx.addLabel(e.TagKind(f), key, label, sign*n)
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
	return columnValue(crm.Labels(shown)), !slices.Equal(before, shown), nil
}

// refillLabels adds to the labels that a record shows others that it has.
func (tx *Tx) refillLabels(side string, key int64, shown []string) ([]string, error) {
	some, err := tx.labels(side, key, maxLabelScan)
	for _, label := range some {
		if at, there := slices.BinarySearch(shown, label); !there && len(shown) < crm.MaxTags {
			shown = slices.Insert(shown, at, label)
		}
	}
	return shown, err
}

// maxLabelScan is how many labels are looked through for one to show.
const maxLabelScan = 2 * crm.MaxTags

// labels returns the labels that a record has in a field, at most so many.
func (tx *Tx) labels(side string, key int64, most int) (list []string, err error) {
	err = tx.Rows("SELECT n.name FROM tags g CROSS JOIN names n WHERE g.record = $3 AND n.key = g.name_id AND n.workspace_id = $1 AND n.kind = $2 LIMIT $4",
		[]any{tx.Actor.Workspace, side, key, most},
		func(scan func(...any) error) error {
			list = append(list, "")
			return scan(&list[len(list)-1])
		})
	return list, err
}

// allLabels returns a record that is deleted with the labels that go with it, those that it
// does not show among them. Where no more refers to it than changes with it that is all;
// else the rest goes in the steps.
func (tx *Tx) allLabels(rec crm.Record) (crm.Record, error) {
	all := rec
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		if f.Rollup == nil || f.Type.Kind() != crm.ListKind {
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

// addLabel counts one label of a record up or down. It returns more where the record has
// it from now on, less where it has it no longer, and else 0.
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
	if err != nil || !found || left > 0 { // a record that was hidden has none
		return 0, err
	}
	return removed, tx.deleteNamed("tags", side, key, []string{label})
}
