package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/sqlite"
	"crmkit/store/table"
	"crmkit/store/textindex"
)

// Record returns the record of the actor's workspace with the key, or a
// not_found error.
func (s *Store) Record(ctx context.Context, actor crm.Actor, e *crm.Entity, key int64) (rec crm.Record, err error) {
	cached, err := s.look(ctx, actor.Workspace)
	if err != nil {
		return rec, err
	}
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
		return (&reader{v, cached}).fetch(ctx, actor, row, key)
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
	if crm.RecordWorkspace(key) == v.actor.Workspace && len(r.cached.Records(t.Layout, []int64{key}, one)) == 0 {
		return one[0], nil
	}
	row := t.NewRow()
	if err := r.fetch(v.ctx, v.actor, row, key); err != nil {
		return rec, err
	}
	return v.store.cachedRecord(r.cached, row)
}

// fetch reads a row by its key, or returns the not_found error that says why it is missing.
func (c *reader) fetch(ctx context.Context, actor crm.Actor, row *table.Row, key int64) error {
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
	row, args := t.NewRow(), []any{scope(actor, e), id}
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
		page := Page{Records: []crm.Record{rec}}
		if t.Sealer == nil {
			over.apply(page.Records)
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

// Page is one page of a list.
type Page struct {
	Records      []crm.Record
	More         bool  // rows remain behind the last
	Truncated    bool  // the page ended before its limit: its rows are large, or need many others
	Total        int64 // rows that match, at most the cap when not Exact
	TotalExact   bool
	HasTotal     bool // false: no total was asked for
	NoExactMatch bool // nothing of the kind has the words of search= as they are written, so they may be misspelled
}

// List answers a question in a view of its own.
func (s *Store) List(ctx context.Context, actor crm.Actor, q *query.Query) (page Page, err error) {
	err = s.View(ctx, actor, func(v *View) (err error) {
		page, err = v.List(q)
		return err
	})
	return page, err
}

// List answers a question within the actor's workspace (or user, where the entity is scoped
// so).
func (v *View) List(q *query.Query) (page Page, err error) {
	r, path, err := v.find(q)
	if err != nil {
		return page, err
	}
	if path.matchesNothing() {
		return Page{TotalExact: true, HasTotal: q.Total != query.TotalNone, NoExactMatch: path.hits.NoExactMatch}, nil
	}
	err = r.page(v.ctx, v.store.mappings[q.Entity], path, &page)
	path.lastUsed.apply(page.Records)
	if err == nil && q.Entity.Storage.SealedIDs {
		err = v.store.replay(v.ctx, r.ReadTx, &page)
	}
	if err != nil || q.Total == query.TotalNone {
		return page, err
	}
	return page, r.total(v.ctx, path, &page)
}

// find returns the access path of a question, and the reader for it. A path that matches
// nothing needs no statement.
func (v *View) find(q *query.Query) (r *reader, path accessPath, err error) {
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
	if path = (accessPath{actor: v.actor, q: q, hits: hits}); path.matchesNothing() {
		return r, path, nil
	}
	path, err = r.choosePlan(v.ctx, v.actor, q, hits)
	path.lastUsed = v.overlay(q.Entity)
	return r, path, err
}

// scope returns the value of the entity's scope column for the actor.
func scope(actor crm.Actor, e *crm.Entity) int64 {
	if e.Storage.Scope == "user_id" {
		return actor.User
	}
	return actor.Workspace
}

// total counts the matches: a first page that is also the last holds them all; else by
// the kept counter where nothing filters, and row by row up to the cap where something
// does.
func (c *reader) total(ctx context.Context, w accessPath, page *Page) error {
	q := w.q
	page.HasTotal = true
	if q.First() && !page.More {
		page.Total, page.TotalExact = int64(len(page.Records)), true
		return nil
	}
	if w.hits != nil && len(q.OtherKinds) == 0 && !c.Filtered() {
		page.matched(w.hits.Total, q.Total)
		return nil
	}
	text, args, err := c.counting(ctx, w)
	if err != nil {
		return err
	}
	count := func() (m cache.Count, err error) { return m, c.RowUntil(ctx, text, args, &m.N) }
	m := cache.Count{}
	if !q.Entity.IsView() {
		m, err = c.cached.Count(cache.NewKey(w.actor.Workspace, text, args), count)
	} else {
		m, err = count()
	}
	page.matched(m.N, q.Total)
	return err
}

// matched sets the total of a page to how many rows match, no further than was asked for.
func (p *Page) matched(n int64, asked query.Total) {
	p.Total, p.TotalExact = n, asked == query.TotalExact || n <= query.TotalCap
	if !p.TotalExact {
		p.Total = query.TotalCap
	}
}

// counting returns the statement that counts the matches.
func (c *reader) counting(ctx context.Context, w accessPath) (text string, args []any, err error) {
	q := w.q
	args = []any{scope(w.actor, q.Entity)}
	if q.Unfiltered && !q.Entity.IsView() {
		return "SELECT n FROM usage WHERE workspace_id = $1 AND kind = '" + q.Entity.Plural + "'", args, nil
	}
	wanted := int64(query.TotalCap)
	if q.Total == query.TotalExact {
		wanted = w.rows
	}
	if len(q.Where) == 1 && len(q.IndexPaths) == 1 && q.IndexPaths[0].Exact {
		text, args = q.IndexPaths[0].Keys(), append(args, q.Args...)
	} else {
		if w, err = c.cheapestSource(ctx, w, wanted); err != nil {
			return "", nil, err
		}
		whole := query.Range{Where: q.Condition(), Args: q.Args}
		if w.keyList != "" && !c.Filtered() {
			whole.Where = q.Without().Condition()
		}
		text, args = "SELECT 1 FROM "+w.keySubquery(whole), w.args(whole)
	}
	if q.Total == query.TotalCapped {
		text += fmt.Sprintf(" LIMIT %d", query.TotalCap+1)
	}
	return "SELECT COUNT(*) FROM (" + text + ") x", args, nil
}
