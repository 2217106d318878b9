package store

import (
	"slices"

	"crmkit/crm"
	"crmkit/query"
)

// indexTags keeps the tags table in step with a record's labels.
func (tx *Tx) indexTags(before, after crm.Record) error {
	e := after.Entity
	for i := range e.Fields {
		if e.Fields[i].Type != crm.Tags {
			continue
		}
		old, now := before.Values[i].List, after.Values[i].List
		for _, tag := range old {
			if slices.Contains(now, tag) {
				continue
			}
			if err := tx.exec("DELETE FROM tags WHERE workspace_id = $1 AND kind = $2 AND tag = $3 AND record = $4",
				tx.Actor.Workspace, e.Name, tag, after.Key); err != nil {
				return err
			}
		}
		for _, tag := range now {
			if slices.Contains(old, tag) {
				continue
			}
			if err := tx.exec("INSERT INTO tags (workspace_id, kind, tag, record, fold) VALUES ($1, $2, $3, $4, $5)",
				tx.Actor.Workspace, e.Name, tag, after.Key, query.Fold(tag)); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexCustom keeps the custom_values table in step with a record's object.
func (tx *Tx) indexCustom(before, after crm.Record) error {
	e := after.Entity
	for i := range e.Fields {
		if e.Fields[i].Type != crm.Object {
			continue
		}
		old, now := before.Values[i].Members, after.Values[i].Members
		for _, m := range old {
			if slices.Contains(now, m) {
				continue
			}
			if err := tx.exec("DELETE FROM custom_values WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND record = $4",
				tx.Actor.Workspace, e.Name, m.Name, after.Key); err != nil {
				return err
			}
		}
		for _, m := range now {
			if slices.Contains(old, m) {
				continue
			}
			if err := tx.insertCustom(after, m); err != nil {
				return err
			}
		}
	}
	return nil
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
