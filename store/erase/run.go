package erase

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/store/txn"
)

// Runner brings purges to their end. A purge that was broken off goes on with its next step.
type Runner struct {
	hooks   Hooks
	db      *txn.DB
	emptied atomic.Int64 // when the log of the database was to be emptied last, in nanoseconds
}

// NewRunner returns what runs the purges of a database.
func NewRunner(db *txn.DB, h Hooks) *Runner { return &Runner{db: db, hooks: h} }

// emptyEvery is how often at most the log is emptied, since writes wait for it.
const emptyEvery = 2 * time.Second

const ofRow = " WHERE workspace_id = $1 AND kind = $2 AND record = $3"

// Advance does the next step of a purge, by the kind and the record of its row in the table cascades, for the actor
// who began it. After the last one the log of the database is emptied, and only then the purge is done.
func (r *Runner) Advance(ctx context.Context, actor crm.Actor, kind string, record int64) error {
	j := Job{Target: Target{r.hooks.Schema.ByName(strings.TrimPrefix(kind, kindMark)), record}}
	row := []any{actor.Workspace, kind, record}
	err := r.db.Write(ctx, actor, func(tx *txn.Tx) error {
		var group txn.Group
		found, err := tx.Row("SELECT at, after, change_group FROM cascades"+ofRow, row, &j.Place, &j.Phase, &group)
		if err != nil || !found || j.isErased() {
			return err
		}
		tx.Join(group)
		j.begun = int64(group)
		j.Place = max(j.Place, 0)
		if j.Phase == scrubbing && r.db.Shared() {
			j.next()
		}
		if j.isErased() {
			return tx.Exec("UPDATE cascades SET at = $4, after = $5"+ofRow, append(row, j.Place, j.Phase)...)
		}
		if err := advance(tx, r.hooks, &j); err != nil {
			return err
		}
		return tx.Exec("UPDATE cascades SET at = $4, after = $5"+ofRow, append(row, j.Place, j.Phase)...)
	})
	if err != nil || !j.isErased() {
		return err
	}
	if err := r.emptyLog(ctx); err != nil {
		return err
	}
	return r.db.Write(ctx, actor, func(tx *txn.Tx) error { return tx.Exec("DELETE FROM cascades"+ofRow, row...) })
}

// emptyLog empties the log of the database.
func (r *Runner) emptyLog(ctx context.Context) error {
	last, now := r.emptied.Load(), time.Now().UnixNano()
	if now-last < int64(emptyEvery) || !r.emptied.CompareAndSwap(last, now) {
		return ErrWaits
	}
	var failed error
	err := r.db.Write(ctx, crm.Actor{}, func(tx *txn.Tx) error {
		tx.EmptyLog(func(err error) { failed = err })
		return nil
	})
	if err == nil && failed != nil {
		err = fmt.Errorf("%w until the log of the database can be emptied: %w", ErrWaits, failed)
	}
	if err == nil {
		r.emptied.Store(last) // the next purge need not wait
	}
	return err
}
