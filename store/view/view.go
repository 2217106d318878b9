package view

import (
	"context"
	"errors"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/snapshot"
	"crmkit/store/textindex"
	"crmkit/store/txn"
)

// View is what one request reads of one workspace: one transaction, and cache and text index
// as they were when it began. The package document says how they come to agree.
type View struct {
	reads *Reads
	ctx   context.Context
	actor crm.Actor

	searches bool                // it needs the text index
	release  func() error        // ends the transaction; nil: the view has not begun
	records  *txn.ReadTx         // reads records as readers of the workspace see them
	rows     *txn.ReadTx         // reads other tables
	cached   cache.Snapshot      // of the same moment, or not valid
	texts    *textindex.Snapshot // of the same moment; nil: SQL searches
	usage    snapshot.Usage      // of the workspace, if the database is shared; else nil
	lastUsed list.Overlay        // for the entity that it began with
	first    *crm.Entity         // that entity
}

// View gives fn a view of the actor's workspace, in one turn. What fn returns is returned. The
// view must not be used after that, and fn must not call the store in any other way: it holds
// one of few connections.
func (s *Reads) View(ctx context.Context, actor crm.Actor, fn func(*View) error) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	ctx, end, err := s.db.Turn(ctx, actor)
	if err != nil {
		return err
	}
	defer end()
	v := &View{reads: s, ctx: ctx, actor: actor}
	return explained(ctx, s.db.WrapReadError(v.run(fn)))
}

// run calls fn, and ends the transaction also where fn panics: its connection is used again.
func (v *View) run(fn func(*View) error) (err error) {
	defer func() {
		if failed := v.end(); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return fn(v)
}

// Prepare has the text read into memory that a search of a kind needs; without terms, that of
// any search. It must be called before anything is read: a view that has begun cannot search
// more text, which would be of another moment, and SQL answers. A request that begins with a
// search of its only kind does not need it.
func (v *View) Prepare(e *crm.Entity, terms *query.Terms) error {
	if v.release != nil {
		return nil
	}
	v.searches = true
	return v.reads.indexes.Prepare(v.ctx, textindex.Key{Workspace: v.actor.Workspace, Entity: e}, terms)
}

// How long a view waits at first for a commit that the text index does not have yet, and at
// most. Between the two moments the writer needs no disk.
const (
	firstBeginWait = 50 * time.Microsecond
	lastBeginWait  = 10 * time.Millisecond
)

// begin begins the view for a read of an entity, unless it has begun.
func (v *View) begin(e *crm.Entity) error {
	if v.release != nil {
		return nil
	}
	v.first, v.lastUsed = e, v.reads.overlayOf(v.actor, e) // before the transaction
	for wait := firstBeginWait; ; wait *= 2 {
		agrees, err := v.tryBegin()
		if agrees || err != nil {
			return err
		}
		if wait > lastBeginWait {
			v.texts = nil
			return nil
		}
		if err := v.end(); err != nil {
			return err
		}
		select {
		case <-v.ctx.Done():
			return v.ctx.Err()
		case <-time.After(wait):
		}
	}
}

// tryBegin begins the transaction, and reports whether the text index is of the same moment.
// Records and counts in the cache are used only if they are.
func (v *View) tryBegin() (agrees bool, err error) {
	s := v.reads
	conn, free, err := s.db.Reader(v.ctx)
	if err != nil {
		return false, err
	}
	v.cached = s.cache.Snapshot(v.actor.Workspace)
	known := s.db.CommitsSeen()
	if v.searches {
		v.texts = s.indexes.Snapshot(v.actor.Workspace)
	}
	if err := conn.BeginRead(); err != nil {
		free()
		return false, err
	}
	v.rows = snapshot.New(conn)
	if s.db.Shared() {
		return true, v.beginShared(conn, free)
	}
	v.release = func() error {
		defer free()
		return conn.Rollback()
	}
	if v.records, err = s.visible(v.rows, v.actor.Workspace); err != nil { // its statement is the first: the moment is this
		return false, err
	}
	if err := v.leaveIndex(); err != nil {
		return false, err
	}
	if v.cached.Valid() {
		return true, nil
	}
	v.cached = s.cache.Outdated()
	return v.agrees(known)
}

// leaveIndex has SQL search instead of the text index while references follow a merge: the index finds
// records by the text of those that they refer to, which are others now.
func (v *View) leaveIndex() error {
	if v.texts == nil || !v.records.Filtered() {
		return nil
	}
	merging, err := v.rows.HasPendingMerges(v.actor.Workspace)
	if merging {
		v.texts = nil
	}
	return err
}

// beginShared is the rest of tryBegin for a shared database, of which nothing is in memory. The end of
// the transaction is not waited for.
func (v *View) beginShared(conn engine.Conn, free func()) error {
	v.cached, v.texts = v.reads.cache.Outdated(), nil
	v.release = func() error {
		go func() {
			defer free()
			_ = conn.Rollback() // after an error the connection is opened again by its next user
		}()
		return nil
	}
	usage, pending, err := v.rows.ReadUsage(v.ctx, v.actor.Workspace)
	if v.usage, v.records = usage, v.rows; pending && err == nil {
		v.records, err = v.reads.through(v.rows, v.actor.Workspace)
	}
	return err
}

// agrees reports whether the text index, which had all commits up to a number when its
// snapshot was taken, has those that the transaction sees. A later commit that it had too
// would be visible: the transaction began after the snapshot.
func (v *View) agrees(known int64) (bool, error) {
	if v.texts == nil {
		return true, nil
	}
	var last int64
	_, err := engine.Found(v.rows.Row(v.ctx, txn.LastCommit, nil, &last))
	return last == known, err
}

// end ends the transaction, if there is one.
func (v *View) end() error {
	if v.release == nil {
		return nil
	}
	release := v.release
	v.release = nil
	return release()
}

// reader begins the view, and returns what reads rows of an entity. Entities that are not
// records have no pending deletes.
func (v *View) reader(e *crm.Entity) (*list.Reader, error) {
	if err := v.begin(e); err != nil {
		return nil, err
	}
	if e.IsView() {
		return &list.Reader{Tx: v.rows, Cached: v.cached, Usage: v.usage}, nil
	}
	return &list.Reader{Tx: v.records, Cached: v.cached, Usage: v.usage}, nil
}

// overlay returns the last uses of tokens for a read of an entity.
func (v *View) overlay(e *crm.Entity) list.Overlay {
	if e == v.first {
		return v.lastUsed
	}
	return v.reads.overlayOf(v.actor, e)
}

// overlayOf returns the overlay for a read of an entity. Take it before the read begins:
// a use that is written in between is then in both, and the later time counts.
func (s *Reads) overlayOf(actor crm.Actor, e *crm.Entity) list.Overlay {
	if table := s.tables[e].LastUsed; table != "" {
		return list.Overlay{At: s.lastUsed.Of(actor.User), Table: table}
	}
	return list.Overlay{}
}
