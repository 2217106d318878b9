// Package maintenance does what a database needs from time to time: it writes last uses of
// tokens, and deletes rows that are of no use any more, such as expired codes and old entries
// of the log, and what records that were deleted long ago have left in the log. Each write is
// short, so that no other waits long for it. It never deletes a record of a workspace.
package maintenance

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"crmkit/crm"
	"crmkit/store/erase"
	"crmkit/store/lastused"
	"crmkit/store/txn"
)

// Options say what is maintained.
type Options struct {
	DB        *txn.DB
	LastUsed  *lastused.Buffer
	LogDays   int // for how long the log of changes is kept; 0: for ever
	TrashDays int // for how long deleted records can be restored; 0: for ever
	Erase     erase.Hooks
	Log       *slog.Logger
	Draining  <-chan struct{} // closed when long work should give up
}

// Worker maintains a database.
type Worker struct {
	opts  Options
	trash place // up to which the trash was emptied
}

// New returns a worker that has not begun.
func New(opts Options) *Worker { return &Worker{opts: opts} }

const flushEvery = 30 * time.Second

// Run writes last uses of tokens and purges, each half minute, until the database stops.
func (w *Worker) Run() {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.FlushLastUsed(context.Background())
			w.Purge(context.Background())
		case <-w.opts.DB.Stopping():
			return
		}
	}
}

// FlushStep is how many last uses one write saves.
const FlushStep = 500

// FlushLastUsed writes the last uses of tokens to the file now, in several writes. Uses that
// cannot be written stay in the buffer.
func (w *Worker) FlushLastUsed(ctx context.Context) {
	used := w.opts.LastUsed.All()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(used)), FlushStep) {
		err := w.opts.DB.Write(ctx, crm.Actor{}, func(tx *txn.Tx) error { return saveLastUsed(tx, ids, used) })
		if err != nil {
			w.opts.Log.Warn("token uses not written yet", "error", err)
			return
		}
		w.opts.LastUsed.Saved(ids, used)
	}
}

func saveLastUsed(tx *txn.Tx, ids []string, used map[string]lastused.Use) error {
	for _, id := range ids {
		if err := tx.Exec("UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", id, used[id].At); err != nil {
			return err
		}
	}
	return nil
}
