package store

import (
	"context"
	"fmt"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/sqlite"
)

// Keys returns the keys of the records that a question finds, lowest first, at most limit.
// It reads beside the writes, for no longer than maxRead. What it found may have changed
// by the time it returns: a write that depends on it compares Versions.
func (s *Store) Keys(ctx context.Context, actor crm.Actor, q *query.Query, limit int) (keys []int64, err error) {
	byKey := *q
	byKey.Total, byKey.Order, byKey.Limit = query.TotalNone, query.Order{Field: q.Entity.Field("id")}, limit
	_, err = s.ask(ctx, actor, &byKey, func(ctx context.Context, c *reader, w accessPath) error {
		keys, err = c.matchingKeys(ctx, w)
		return err
	})
	return keys[:min(len(keys), limit)], err
}

// Versions returns the versions of those of the records that are there, and that the
// question still finds, where there is one.
func (s *Store) Versions(ctx context.Context, actor crm.Actor, e *crm.Entity, q *query.Query, keys []int64) (map[int64]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, maxRead)
	defer cancel()
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	condition, args := "TRUE", []any{actor.Workspace}
	if q != nil {
		condition, args = q.Condition(), append(args, q.Args...)
	}
	// The driver hears of a cancellation only while it looks for the first row, so all are
	// found before it.
	text := fmt.Sprintf("WITH p(k, v) AS MATERIALIZED (SELECT t.key, t.version FROM %s t WHERE +t.workspace_id = $1 AND t.key IN ("+sqlite.KeysFromJSON+") AND %s) SELECT k, v FROM p",
		e.TableName(), len(args)+1, condition)
	versions := make(map[int64]int64, len(keys))
	err = s.visibleSnapshot(ctx, actor, e, func(v *ReadTx) error {
		return v.Rows(ctx, text, append(args, jsonKeys(keys)), func(scan func(...any) error) error {
			var key, version int64
			err := scan(&key, &version)
			versions[key] = version
			return err
		})
	})
	return versions, err
}
