package view

import (
	"fmt"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/list"
)

// Keys returns the keys of the records that a question finds, lowest first, at most limit.
// What it found may have changed by the time the view ends: a write that depends on it
// compares Versions.
func (v *View) Keys(q *query.Query, limit int) (keys []int64, err error) {
	byKey := *q
	byKey.Total, byKey.Order, byKey.Limit = query.TotalNone, query.Order{Field: q.Entity.Field("id")}, limit
	r, path, err := v.find(&byKey)
	if err != nil || path.MatchesNothing() {
		return nil, err
	}
	keys, err = r.MatchingKeys(v.ctx, path)
	return keys[:min(len(keys), limit)], err
}

// Versions returns the versions of those of the records that are there, and that the
// question still finds, if there is one.
func (v *View) Versions(e *crm.Entity, q *query.Query, keys []int64) (map[int64]int64, error) {
	r, err := v.reader(e)
	if err != nil {
		return nil, err
	}
	condition, args := "TRUE", []any{v.actor.Workspace}
	if q != nil {
		condition, args = q.Condition(), append(args, q.Args...)
	}
	// The driver hears of a cancellation only while it looks for the first row, so all are
	// found before it.
	text := fmt.Sprintf("WITH p(k, v) AS MATERIALIZED (SELECT t.key, t.version FROM %s t WHERE %s AND t.key IN ("+engine.KeysFromJSON+") AND %s) SELECT k, v FROM p",
		e.TableName(), engine.NoIndex("t.workspace_id = $1"), len(args)+1, condition)
	versions := make(map[int64]int64, len(keys))
	err = r.Rows(v.ctx, text, append(args, list.KeysJSON(keys)), func(scan func(...any) error) error {
		var key, version int64
		err := scan(&key, &version)
		versions[key] = version
		return err
	})
	return versions, err
}
