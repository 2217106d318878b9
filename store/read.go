package store

import (
	"context"
	"errors"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/list"
	"crmkit/store/sqlite"
	"crmkit/store/table"
	"crmkit/store/textindex"
)

// Record returns the record of the actor's workspace with the key, or a
// not_found error.
func (s *Store) Record(ctx context.Context, actor crm.Actor, e *crm.Entity, key int64) (rec crm.Record, err error) {
	cached := s.cache.Snapshot(actor.Workspace)
	t, one := s.mappings[e], make([]crm.Record, 1)
	if crm.RecordWorkspace(key) == actor.Workspace && len(cached.Records(t.Layout, []int64{key}, one)) == 0 {
		s.noteActive(actor)
		return one[0], nil
	}
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return rec, err
	}
	defer end()
	row, rest := t.NewRow(), false
	args := []any{actor.Workspace, key}
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Row(ctx, t.FetchChecked, args, append([]any{&rest}, row.Dest...)...)
	})
	if err == nil && !rest {
		return s.cachedRecord(cached, row)
	}
	err = s.visibleSnapshot(ctx, actor, e, func(v *ReadTx) error {
		return fetch(ctx, v, actor, row, key)
	})
	if err != nil {
		return rec, err
	}
	return s.cachedRecord(cached, row)
}

// Record returns the record of the workspace with the key, or a not_found error.
func (v *View) Record(e *crm.Entity, key int64) (rec crm.Record, err error) {
	r, err := v.reader(e)
	if err != nil {
		return rec, err
	}
	t, one := v.store.mappings[e], make([]crm.Record, 1)
	if crm.RecordWorkspace(key) == v.actor.Workspace && len(r.Cached.Records(t.Layout, []int64{key}, one)) == 0 {
		return one[0], nil
	}
	row := t.NewRow()
	if err := fetch(v.ctx, r.Tx, v.actor, row, key); err != nil {
		return rec, err
	}
	return v.store.cachedRecord(r.Cached, row)
}

// fetch reads a row by its key, or returns the not_found error that says why it is missing.
func fetch(ctx context.Context, c *ReadTx, actor crm.Actor, row *table.Row, key int64) error {
	err := c.Row(ctx, row.Table.Fetch, []any{actor.Workspace, key}, row.Dest...)
	if !errors.Is(err, sqlite.ErrNoRows) {
		return err
	}
	var last int64
	if _, err := sqlite.Found(c.Row(ctx, lastNumber, []any{actor.Workspace, row.Table.Entity.Plural}, &last)); err != nil {
		return err
	}
	return notFoundError(row.Table.Entity, key, last)
}

// cachedRecord returns the record of a row, and puts it into the cache.
func (s *Store) cachedRecord(cached cache.Snapshot, row *table.Row) (crm.Record, error) {
	rec, err := row.Record()
	if err == nil {
		cached.PutRecords(row.Table.Layout, []crm.Record{rec})
	}
	return rec, s.wrapReadError(err)
}

// RecordByID returns the record with a random id among those the actor may see, or a
// not_found error.
func (s *Store) RecordByID(ctx context.Context, actor crm.Actor, e *crm.Entity, id string) (rec crm.Record, err error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return rec, err
	}
	defer end()
	t := s.mappings[e]
	row, args := t.NewRow(), []any{list.Scope(actor, e), id}
	if t.Sealer != nil {
		args = append(args, t.Sealer.Key(actor.Workspace, id))
	}
	over := s.lastUsedOverlay(actor, e)
	err = s.Snapshot(ctx, func(v *ReadTx) error {
		if err := v.Row(ctx, t.ByID, args, row.Dest...); err != nil {
			return err
		}
		var err error
		if rec, err = row.Record(); err != nil {
			return err
		}
		page := list.Page{Records: []crm.Record{rec}}
		if t.Sealer == nil {
			over.Apply(page.Records)
			return nil
		}
		err = s.replay(ctx, v, &page)
		rec = page.Records[0]
		return err
	})
	if errors.Is(err, sqlite.ErrNoRows) {
		return rec, notFoundByID(actor, e, id)
	}
	return rec, err
}

// notFoundByID is the error for a random id that finds nothing.
func notFoundByID(actor crm.Actor, e *crm.Entity, id string) error {
	path := strings.ReplaceAll(e.Route(), "{id}", actor.WorkspaceID)
	return crm.Errorf(crm.NotFound, "there is no %s %s. List them with GET /%s.", e.Name, norm.Quote(id), path)
}

// List answers a question in a view of its own.
func (s *Store) List(ctx context.Context, actor crm.Actor, q *query.Query) (page list.Page, err error) {
	err = s.View(ctx, actor, func(v *View) (err error) {
		page, err = v.List(q)
		return err
	})
	return page, err
}

// List answers a question within the actor's workspace (or user, where the entity is scoped
// so).
func (v *View) List(q *query.Query) (page list.Page, err error) {
	r, path, err := v.find(q)
	if err != nil {
		return page, err
	}
	if path.MatchesNothing() {
		return list.Page{TotalExact: true, HasTotal: q.Total != query.TotalNone, NoExactMatch: path.Hits.NoExactMatch}, nil
	}
	err = r.Page(v.ctx, v.store.mappings[q.Entity], path, &page)
	path.LastUsed.Apply(page.Records)
	if err == nil && q.Entity.Storage.SealedIDs {
		err = v.store.replay(v.ctx, r.Tx, &page)
	}
	if err != nil || q.Total == query.TotalNone {
		return page, err
	}
	return page, r.Total(v.ctx, path, &page)
}

// find returns the access path of a question, and the reader for it. A path that matches
// nothing needs no statement.
func (v *View) find(q *query.Query) (r *list.Reader, path list.Path, err error) {
	searches := q.Terms != nil && !q.Ranked()
	if searches {
		if err := v.Prepare(q.Entity, q.Terms); err != nil {
			return nil, path, err
		}
	}
	if r, err = v.reader(q.Entity); err != nil {
		return nil, path, err
	}
	var hits *textindex.Matches
	if searches {
		if hits, err = v.searchIndex(q.Entity, q.Terms); err != nil {
			return nil, path, err
		}
	}
	if path = (list.Path{Actor: v.actor, Query: q, Hits: hits}); path.MatchesNothing() {
		return r, path, nil
	}
	path, err = r.ChoosePlan(v.ctx, v.actor, q, hits)
	path.LastUsed = v.overlay(q.Entity)
	return r, path, err
}
