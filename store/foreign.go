package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/sqlite"
)

// Other processes may write to the file: crmkit mcp and crmkit import work beside a
// server. What this one keeps in memory follows theirs from the end of the change log,
// whose numbers only rise.

// lastChange reads the number of the last change.
const lastChange = "SELECT number FROM commits ORDER BY number DESC LIMIT 1"

// maxForeign is how many changes of others are followed one by one; after more, memory
// is filled anew.
const maxForeign = 1000

// look returns the cache of a workspace as of now. It is not valid where others have
// committed changes that it does not have.
func (s *Store) look(ctx context.Context, workspace int64) (cache.Snapshot, error) {
	behind, err := s.behind(ctx)
	if behind || err != nil {
		return s.cache.Outdated(), err
	}
	return s.cache.Snapshot(workspace), nil
}

// behind reports whether others have committed changes that the caches do not have. The
// writer then reads them, without the caller waiting for it, nor the writer for those others.
func (s *Store) behind(ctx context.Context) (bool, error) {
	last, err := s.ahead(ctx)
	behind := last > max(s.writer.known.Load(), s.writer.flight.Load()) // the versions show a commit under way
	if behind && s.nudged.CompareAndSwap(false, true) {
		go func() {
			_ = s.meetOthers(context.WithoutCancel(ctx)) // if that fails the next read is behind too
			s.nudged.Store(false)
		}()
	}
	return behind, err
}

// catchUp brings memory in step with what others have committed.
func (s *Store) catchUp(ctx context.Context) error {
	last, err := s.ahead(ctx)
	if err == nil && last > s.writer.known.Load() {
		return s.meetOthers(ctx)
	}
	return err
}

// meetOthers has the writer meet what others have committed.
func (s *Store) meetOthers(ctx context.Context) error {
	return s.Write(ctx, crm.Actor{}, func(*Tx) error { return nil })
}

// ahead returns the number of the last change in the file, 0 where nothing was committed
// since memory was in step with it.
func (s *Store) ahead(ctx context.Context) (last int64, err error) {
	if s.opts.Path == Memory {
		return 0, nil // it has no others
	}
	select {
	case <-s.stop:
		return 0, stopped()
	default:
	}
	head, ok := s.wal.head()
	if seen := s.walSeen.Load(); ok && seen != nil && *seen == head {
		return 0, nil
	}
	err = s.Read(ctx, func(v *ReadTx) error { return v.Row(ctx, lastChange, nil, &last) })
	if errors.Is(err, sqlite.ErrNoRows) {
		err = nil
	}
	if ok && err == nil && last <= s.writer.known.Load() {
		s.walSeen.Store(&head)
	}
	return last, err
}

// newEntries reads what was committed after a number. A range of keys is that of the
// entries of one workspace; a commit without entries has a row with an empty target.
const newEntries = `SELECT c.workspace, c.n, COALESCE(l.target, '') FROM commits c
	LEFT JOIN log l ON l.key >= c.workspace * 1099511627776 + c.first AND l.key < c.workspace * 1099511627776 + c.first + c.n
	WHERE c.number > $1 ORDER BY c.number, l.key`

// own returns a transaction of the writer itself, in one that it has begun.
func (w *writer) own(ctx context.Context) *Tx {
	return &Tx{store: w.store, conn: w.conn, ctx: ctx, limit: ctx, job: &job{ctx: ctx}}
}

// start reads the number of the last change, and forgets what was noted in the transaction
// before.
func (w *writer) start(tx *Tx) error {
	w.last, w.counters = 0, newCounterSet()
	_, err := tx.Row(lastChange, nil, &w.last)
	return err
}

// meet starts a transaction and takes in what others have changed since the last batch.
func (w *writer) meet(ctx context.Context) error {
	tx := w.own(ctx)
	if err := w.start(tx); err != nil {
		return err
	}
	known := w.known.Load()
	if w.last == known {
		return nil
	}
	w.others = true
	err := errManyChanges
	if w.last-known <= maxForeign {
		err = recovered(func() error { return w.study(tx, known) })
	}
	switch {
	case err == nil:
		return nil
	case sqlite.IsIOError(err): // SQLite may have rolled back all by itself
		return err
	case !errors.Is(err, errManyChanges):
		w.store.opts.Log.Error("what others changed could not be followed: memory is filled anew", "error", err)
	}
	w.foreign = nil
	w.store.indexes.Clear()
	for _, v := range w.store.cache.Versions() {
		if !slices.Contains(w.versions, v) {
			w.versions = append(w.versions, v)
		}
	}
	return nil
}

// errManyChanges says that memory is filled anew rather than followed.
var errManyChanges = errors.New("others changed too much to follow each change")

// study takes in the changes of others behind a number.
func (w *writer) study(tx *Tx, known int64) error {
	type change struct {
		workspace int64
		entries   int64 // of its commit
		target    string
	}
	var changes []change
	err := tx.Rows(newEntries, []any{known}, func(scan func(...any) error) error {
		var c change
		err := scan(&c.workspace, &c.entries, &c.target)
		changes = append(changes, c)
		return err
	})
	for i, c := range changes {
		if err != nil || slices.Contains(changes[:i], c) {
			continue
		}
		if c.target == "" {
			err = w.quiet(c.workspace, c.entries)
		} else {
			err = w.foreigner(tx, c.workspace, c.target)
		}
	}
	return err
}

// quiet notes that others committed something that the log does not name: where they
// logged nothing, records only keep something else of other records.
func (w *writer) quiet(workspace, entries int64) error {
	if entries > 0 { // which are gone, so it is not known what they named
		return errManyChanges
	}
	w.passes(workspace)
	w.store.indexes.ForgetDerived(workspace, nil)
	return nil
}

// passes notes that a workspace is not as it was.
func (w *writer) passes(workspace int64) {
	if v := w.store.cache.Version(workspace); !slices.Contains(w.versions, v) {
		w.versions = append(w.versions, v)
	}
}

// foreigner notes a record that others changed.
func (w *writer) foreigner(tx *Tx, workspace int64, target string) error {
	tx.Actor.Workspace = workspace
	w.passes(workspace)
	kind, id, _ := strings.Cut(target, "/")
	e := w.store.Schema.ByName(kind)
	if workspace == 0 && kind == "workspace" { // which was deleted, and is not there to be found
		return errManyChanges
	}
	if e == nil || e.IsView() {
		return nil
	}
	w.store.indexes.ForgetDerived(workspace, e)
	key, fault := crm.ParseID(e, workspace, id)
	if fault != crm.IDOK {
		return nil
	}
	rec, found, err := tx.record(e, key)
	if !found {
		rec = crm.NewRecord(e)
		rec.Key = key
	}
	w.foreign = append(w.foreign, rec)
	return err
}
