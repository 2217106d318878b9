package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// index keeps the tables tags and custom_values in step with a record.
func (tx *Tx) index(before, after crm.Record) error {
	for i := range after.Entity.Fields {
		f, was, is := &after.Entity.Fields[i], before.Values[i], after.Values[i]
		for _, tag := range missing(was.List(), is.List()) {
			if err := tx.dropSide("tags", "tag", after.Entity.Side(f), after, tag); err != nil {
				return err
			}
		}
		for _, tag := range missing(is.List(), was.List()) {
			if err := tx.insertTag(after, tag); err != nil {
				return err
			}
		}
		for _, m := range missing(was.Members(), is.Members()) {
			if err := tx.dropSide("custom_values", "name", after.Entity.Name, after, m.Name); err != nil {
				return err
			}
		}
		for _, m := range missing(is.Members(), was.Members()) {
			if err := tx.insertCustom(after, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing returns the items of a that b lacks.
func missing[T comparable](a, b []T) []T {
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

func (tx *Tx) dropSide(table, column, kind string, rec crm.Record, name string) error {
	return tx.exec("DELETE FROM "+table+" WHERE workspace_id = $1 AND kind = $2 AND "+column+" = $3 AND record = $4",
		tx.Actor.Workspace, kind, name, rec.Key)
}

func (tx *Tx) insertTag(rec crm.Record, tag string) error {
	return tx.exec("INSERT INTO tags (workspace_id, kind, tag, record, fold) VALUES ($1, $2, $3, $4, $5)",
		tx.Actor.Workspace, rec.Entity.Name, tag, rec.Key, query.Fold(tag))
}

func (tx *Tx) insertCustom(rec crm.Record, m crm.Member) error {
	text := m.JSON
	if s, ok := crm.Unquote(m.JSON); ok {
		text = s
	}
	var number, time any
	if key, ok := query.NumberKey(text); ok {
		number = key
	}
	if query.Stamp(text) {
		if span, ok := (query.Env{}).Moment(text); ok {
			time = span.From
		}
	}
	return tx.exec("INSERT INTO custom_values (workspace_id, kind, name, record, text, fold, number, time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		tx.Actor.Workspace, rec.Entity.Name, m.Name, rec.Key, text, query.Fold(text), number, time)
}
