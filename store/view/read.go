package view

import (
	"context"
	"errors"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Record returns the record of the actor's workspace to which the key leads: the one with the key, or
// the one that it was merged into. Else the error is not_found.
func (s *Reads) Record(ctx context.Context, actor crm.Actor, e *crm.Entity, key int64) (rec crm.Record, err error) {
	cached := s.cache.Snapshot(actor.Workspace)
	t, one := s.tables[e], make([]crm.Record, 1)
	if crm.RecordWorkspace(key) == actor.Workspace && len(cached.Records(t.Layout, []int64{key}, one)) == 0 {
		s.db.NoteActive(actor)
		return one[0], nil
	}
	ctx, end, err := s.db.Turn(ctx, actor)
	if err != nil {
		return rec, err
	}
	defer end()
	row, rest := t.NewRow(), false
	args := []any{actor.Workspace, key}
	err = s.db.Read(ctx, func(v *txn.ReadTx) error {
		return v.Row(ctx, t.FetchChecked, args, append([]any{&rest}, row.Dest...)...)
	})
	if err == nil && !rest {
		return s.cachedRecord(cached, row)
	}
	err = s.VisibleSnapshot(ctx, actor, e, func(ctx context.Context, v *txn.ReadTx) error {
		return fetch(ctx, v, row, wanted{actor.Workspace, key, s.trash()})
	})
	if err != nil {
		return rec, err
	}
	return s.cachedRecord(cached, row)
}

// Record returns the record of the workspace to which the key leads, or a not_found error.
func (v *View) Record(e *crm.Entity, key int64) (rec crm.Record, err error) {
	r, err := v.reader(e)
	if err != nil {
		return rec, err
	}
	t, one := v.reads.tables[e], make([]crm.Record, 1)
	if crm.RecordWorkspace(key) == v.actor.Workspace && len(r.Cached.Records(t.Layout, []int64{key}, one)) == 0 {
		return one[0], nil
	}
	row := t.NewRow()
	if err := fetch(v.ctx, r.Tx, row, wanted{v.actor.Workspace, key, v.reads.trash()}); err != nil {
		return rec, err
	}
	return v.reads.cachedRecord(r.Cached, row)
}

// wanted names a record of a workspace.
type wanted struct {
	workspace, key int64
	trash          changelog.Trash
}

// trash says which deleted records can be restored.
func (s *Reads) trash() changelog.Trash { return changelog.Trash{Days: s.trashDays, Now: s.db.Now()} }

// fetch reads the row of the record to which a key leads, or returns the not_found error that says why it is missing.
func fetch(ctx context.Context, c *txn.ReadTx, row *table.Row, w wanted) error {
	err := c.Row(ctx, row.Table.Fetch, []any{w.workspace, w.key}, row.Dest...)
	if !errors.Is(err, engine.ErrNoRows) {
		return err
	}
	var winner, createdAt int64
	merged, err := engine.Found(c.Row(ctx, table.Winner, []any{w.workspace, row.Table.Entity.Name, w.key}, &winner, &createdAt))
	if err != nil {
		return err
	}
	if merged {
		err := c.Row(ctx, row.Table.Fetch, []any{w.workspace, winner}, row.Dest...)
		if errors.Is(err, engine.ErrNoRows) {
			return NotFoundAfterMerge(row.Table.Entity, w.key, winner)
		}
		return err
	}
	absent := Absent{w.workspace, row.Table.Entity, w.key, w.trash}
	return absent.Error(func(text string, args []any, each func(scan func(...any) error) error) error {
		return c.Rows(ctx, text, args, each)
	})
}

// cachedRecord returns the record of a row, and puts it into the cache.
func (s *Reads) cachedRecord(cached cache.Snapshot, row *table.Row) (crm.Record, error) {
	rec, err := row.Record()
	if err == nil {
		cached.PutRecords(row.Table.Layout, []crm.Record{rec})
	}
	return rec, s.db.WrapReadError(err)
}

// RecordByID returns the record with a random id among those the actor may see, or a
// not_found error.
func (s *Reads) RecordByID(ctx context.Context, actor crm.Actor, e *crm.Entity, id string) (rec crm.Record, err error) {
	ctx, end, err := s.db.Turn(ctx, actor)
	if err != nil {
		return rec, err
	}
	defer end()
	t := s.tables[e]
	row, args := t.NewRow(), []any{list.Scope(actor, e), id}
	if t.Sealer != nil {
		args = append(args, t.Sealer.Key(actor.Workspace, id))
	}
	over := s.overlayOf(actor, e)
	err = s.db.Snapshot(ctx, func(v *txn.ReadTx) error {
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
	if errors.Is(err, engine.ErrNoRows) {
		return rec, NotFoundByID(actor, e, id)
	}
	return rec, err
}

// NotFoundByID is the error for a random id that finds nothing.
func NotFoundByID(actor crm.Actor, e *crm.Entity, id string) error {
	path := strings.ReplaceAll(e.Route(), "{id}", actor.WorkspaceID)
	return crm.Errorf(crm.NotFound, "there is no %s %s. List them with GET /%s.", e.Name, norm.Quote(id), path)
}

// List answers a question in a view of its own.
func (s *Reads) List(ctx context.Context, actor crm.Actor, q *query.Query) (page list.Page, err error) {
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
	err = r.Page(v.ctx, v.reads.tables[q.Entity], path, &page)
	path.LastUsed.Apply(page.Records)
	if err == nil && q.Entity.Storage.SealedIDs {
		err = v.reads.replay(v.ctx, r.Tx, &page)
	}
	if err == nil {
		err = v.setNoExactMatch(q, &page)
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
	var hits *list.Hits
	many := ""
	if searches {
		if hits, many, err = v.hits(r, q); err != nil {
			return nil, path, err
		}
	}
	if path = (list.Path{Actor: v.actor, Query: q, Hits: hits}); path.MatchesNothing() {
		return r, path, nil
	}
	path, err = r.ChoosePlan(v.ctx, v.actor, q, hits)
	path.Many = many
	path.LastUsed = v.overlay(q.Entity)
	return r, path, err
}
