// Package snapshot reads committed rows, on a connection that the store lends for one read. Code
// that reads lists, records and the log gets a Tx and nothing else of the store, so it cannot
// write, start a write, or wait for one.
//
// The connections are in package sqlite. Package store decides which requests may read, and how
// many at once. It gives a Tx to a function, and uses the connection for others when the function
// has returned.
package snapshot

import (
	"context"
	"errors"

	"crmkit/store/engine"
	"crmkit/store/table"
)

// Tx reads committed rows. It serves one goroutine, and must not be used after the function
// that it was given to has returned.
type Tx struct {
	conn engine.Conn
	view *table.PendingView // through which it reads records; nil: as their tables have them
	past Rewriter           // through which it reads the tables as they were; nil: as they are
}

// Rewriter rewrites a statement with its arguments, so that it reads other rows than the tables have.
type Rewriter interface {
	Rewrite(text string, args []any) (string, []any)
}

// New returns a Tx that reads on a connection. Each of its statements sees the newest commit.
func New(conn engine.Conn) *Tx { return &Tx{conn: conn} }

// Freeze runs fn; all statements of the Tx see the same commit until it returns.
func (v *Tx) Freeze(fn func() error) (err error) {
	if err := v.conn.BeginRead(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.conn.Rollback()) }() // also if fn panics: the connection is used again
	return fn()
}

// HasPendingDeletes reports whether a delete or merge in the workspace has not finished.
func (v *Tx) HasPendingDeletes(workspace int64) (bool, error) {
	return v.conn.Exists(table.PendingDeletes, workspace)
}

// HasPendingMerges reports whether a merge in the workspace has not finished.
func (v *Tx) HasPendingMerges(workspace int64) (bool, error) {
	return v.conn.Exists(table.PendingMerges, workspace)
}

// Usage has the counts of a workspace by the plural of a kind.
type Usage map[string]KindUsage

// KindUsage is how many records of a kind there are, and how many of them have a time of creation
// that is before that of a record with a lower number.
type KindUsage struct{ N, Astray int64 }

// ReadUsage returns the counts of a workspace, and whether a delete in it has not finished, in one
// statement. The counts include rows that a pending delete will remove.
func (v *Tx) ReadUsage(ctx context.Context, workspace int64) (all Usage, pending bool, err error) {
	all = Usage{}
	const text = "SELECT u.kind, u.n, u.astray, EXISTS (" + table.PendingDeletes + ") FROM usage u WHERE u.workspace_id = $1"
	err = v.conn.Rows(ctx, text, []any{workspace}, func(scan func(...any) error) error {
		var kind string
		var use KindUsage
		err := scan(&kind, &use.N, &use.Astray, &pending)
		all[kind] = use
		return err
	})
	if err == nil && len(all) == 0 {
		pending, err = v.HasPendingDeletes(workspace)
	}
	return all, pending, err
}

// Through returns a Tx on the same connection that reads through a view.
func (v *Tx) Through(view *table.PendingView) *Tx { return &Tx{conn: v.conn, view: view} }

// AsOf returns a Tx on the same connection that reads rows as a Rewriter says. Nothing must be pending.
func (v *Tx) AsOf(past Rewriter) *Tx { return &Tx{conn: v.conn, past: past} }

// rewrite returns a statement as it is run.
func (v *Tx) rewrite(text string, args []any) (string, []any) {
	if v.past != nil {
		return v.past.Rewrite(text, args)
	}
	return v.view.Rewrite(text), args
}

// Filtered reports whether the Tx reads through a view. Then it sees fewer records than the tables
// and the text index have.
func (v *Tx) Filtered() bool { return v.view != nil }

// PagesRead returns how many pages the connection has read so far.
func (v *Tx) PagesRead() int { return v.conn.PagesRead() }

// Row reads one row by its key. Without a row the error is engine.ErrNoRows. It does not stop
// when a context ends: a statement that reads more rows than it returns uses RowUntil.
func (v *Tx) Row(_ context.Context, text string, args []any, dest ...any) error {
	text, args = v.rewrite(text, args)
	return v.conn.Row(text, args, dest...)
}

// RowUntil reads one row that may take long to find, for example a count. It stops with the
// context's error when the context ends.
func (v *Tx) RowUntil(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := v.Rows(ctx, text, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return engine.ErrNoRows
	}
	return err
}

// Rows calls each for every row. A statement that may take long finds all its rows before it
// returns the first, because only then the end of the context stops it.
func (v *Tx) Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	text, args = v.rewrite(text, args)
	return v.conn.Rows(ctx, text, args, each)
}
