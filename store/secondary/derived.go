package secondary

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// A record may have any number of labels derived from other records, such as the users who
// logged activities for a contact. The table tags has all of them, and filters search all of
// them. A record shows crm.MaxTags, and a write reads only a few more.

// The changes of counts.
const (
	added   int64 = 1
	removed int64 = -1
)

// Labels is a field of a record with labels that are derived from other records.
type Labels struct {
	Entity *crm.Entity
	Field  *crm.Field
	Key    int64
}

// Add changes how often the record has labels, and returns the labels that it shows, as an SQL
// argument, and whether these changed.
func (l Labels) Add(tx *txn.Tx, changes map[string]int64) (list any, changed bool, err error) {
	e, f, key := l.Entity, l.Field, l.Key
	text := "[]" // for a deleted record: its labels are deleted with the records they derive from
	_, err = tx.Row(fmt.Sprintf("SELECT COALESCE(%s, '[]') FROM %s WHERE workspace_id = $1 AND key = $2", f.Col(), e.Plural), []any{tx.Actor.Workspace, key}, &text)
	if err != nil {
		return nil, false, err
	}
	before := table.Strings(text)
	shown := slices.Clone(before[:min(len(before), crm.MaxTags)])
	for label, n := range changes {
		change, err := rows{tx, e.TagKind(f), key}.addLabel(label, n)
		if err == nil && change != 0 {
			tx.CountUse(e.Name, f.Name, label, change)
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
		if shown, err = refillLabels(tx, e.TagKind(f), key, shown); err != nil {
			return nil, false, err
		}
	}
	return table.Arg(crm.Labels(shown)), !slices.Equal(before, shown), nil
}

// refillLabels adds labels that the record has to those that it shows.
func refillLabels(tx *txn.Tx, side string, key int64, shown []string) ([]string, error) {
	some, err := labels(tx, side, key, maxLabelScan)
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
func labels(tx *txn.Tx, side string, key int64, most int) (list []string, err error) {
	err = tx.Rows("SELECT n.name FROM "+engine.JoinInOrder("tags g", "names n")+" WHERE g.record = $3 AND n.key = g.name_id AND n.workspace_id = $1 AND n.kind = $2 LIMIT $4",
		[]any{tx.Actor.Workspace, side, key, most},
		func(scan func(...any) error) error {
			list = append(list, "")
			return scan(&list[len(list)-1])
		})
	return list, err
}

// AllLabels returns a record that is being deleted with the labels that are deleted with it,
// including those that it does not show, up to most of them. If too many records refer to it,
// the rest of the labels is deleted in the steps.
func AllLabels(tx *txn.Tx, rec crm.Record, most int) (crm.Record, error) {
	all := rec
	for i := range rec.Entity.Fields {
		f := &rec.Entity.Fields[i]
		if f.Rollup() == nil || f.Type.Kind() != crm.ListKind {
			continue
		}
		list, err := labels(tx, rec.Entity.TagKind(f), rec.Key, max(most, crm.MaxTags))
		if err != nil {
			return rec, err
		}
		slices.Sort(list)
		all = all.Clone()
		all.Values[i] = crm.Labels(list)
	}
	return all, nil
}

// addLabel counts one label of a record up or down. It returns added if the record gains the
// label, removed if it loses it, and 0 otherwise.
func (r rows) addLabel(label string, n int64) (change int64, err error) {
	var left int64
	args := []any{r.Actor.Workspace, r.kind, label, r.record, n}
	if n > 0 {
		keys, err := nameKeys(r.Tx, r.kind, []string{label})
		if err == nil {
			_, err = r.Row(`INSERT INTO tags (name_id, record, n) VALUES ($1, $2, $3)
				ON CONFLICT (name_id, record) DO UPDATE SET n = tags.n + excluded.n RETURNING n`, []any{keys[0], r.record, n}, &left)
		}
		if err == nil && left == n {
			change = added
		}
		return change, err
	}
	found, err := r.Row("UPDATE tags SET n = n + $5 WHERE record = $4 AND name_id = "+nameKey+" RETURNING n", args, &left)
	if err != nil || !found || left > 0 { // a hidden record has none
		return 0, err
	}
	return removed, r.delete("tags", []string{label})
}
