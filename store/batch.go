package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"crmkit/crm"
	"crmkit/store/sqlite"
)

// commitBatch runs the batch in one transaction, or those of its jobs for which there is
// time, and returns these. The error is that of the transaction as a whole; each job's own
// stays with the job.
func (w *writer) commitBatch(batch []*job) (ran []*job, err error) {
	ctx := context.Background()
	ran, err = w.runAll(ctx, batch, w.runOptimistic)
	for errors.Is(err, errPartialWrite) { // again, each time for a further job that took too long
		if len(batch) == 1 && !errors.Is(batch[0].err, errPartialWrite) {
			return batch, nil // it failed as a whole, with nothing beside it to keep
		}
		ran, err = w.runAll(ctx, batch, w.runInSavepoint)
	}
	if err != nil {
		return batch, w.jobError("transaction", err)
	}
	return ran, w.endTransaction(ctx, ran)
}

// endTransaction commits what the jobs of a batch did.
func (w *writer) endTransaction(ctx context.Context, batch []*job) error {
	w.collectEffects(batch)
	bumpVersions(w.versions)
	w.flight.Store(w.last)
	started := time.Now() // of the machine: it is the disk that is measured
	err := w.conn.Commit()
	if w.commitTime = time.Since(started); err != nil {
		clear(w.origins)
		_ = w.conn.Rollback()
		w.store.opts.Log.Error("commit failed", "error", err)
		return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter,
			Hint: "the write could not be confirmed: it may or may not be saved. Read the record before you send it again."}
	}
	return nil
}

func (w *writer) jobError(step string, err error) error {
	w.store.opts.Log.Error("write failed", "step", step, "error", err)
	return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the database does not take writes now; nothing was saved. Try again in a moment."}
}

// runAll begins a transaction, runs jobs of a batch until w.share is over, each as one
// does, and returns these. After an error there is no transaction.
func (w *writer) runAll(ctx context.Context, batch []*job, one func(*Tx) error) (ran []*job, err error) {
	if err := w.conn.BeginWrite(); err != nil {
		return nil, err
	}
	err = w.meet(ctx)
	started := time.Now()
	for i := 0; i < len(batch) && err == nil; i++ {
		j := batch[i]
		if i > 0 && !j.started && time.Since(started) > w.batchTime {
			break
		}
		if ran = batch[:i+1]; !j.abandoned() {
			err = w.runOne(j, one)
		}
	}
	if err == nil {
		err = w.writeCounters(w.own(ctx))
	}
	if err != nil {
		_ = w.conn.Rollback()
		clear(w.origins)
		w.versions, w.foreign, w.others = nil, nil, false // the next transaction meets them again
	}
	return ran, err
}

// runOne runs a job as one does, within the time that a write may take.
func (w *writer) runOne(j *job, one func(*Tx) error) error {
	j.started = true
	j.after, j.commitErr, j.versions, j.changedRecords, j.invalidated = nil, nil, nil, nil, nil
	ctx := context.WithoutCancel(j.ctx)
	limit, cancel := context.WithTimeout(ctx, w.most)
	defer cancel()
	return one(&Tx{store: w.store, conn: w.conn, ctx: ctx, limit: limit, Actor: j.actor, job: j, now: w.store.Now().UnixMilli()})
}

// errPartialWrite says that a job failed after it had written.
var errPartialWrite = errors.New("a write failed half done")

// runOptimistic runs a job without a savepoint, for which SQLite copies every page that is
// written: few jobs fail, and most of those before they write. After the others the
// batch is run again.
func (w *writer) runOptimistic(tx *Tx) error {
	stays := w.do(tx)
	if tx.partWrote {
		tx.job.err, tx.job.commitErr = errPartialWrite, nil
	}
	if stays && !tx.partWrote || !tx.dirty {
		return nil
	}
	return errPartialWrite
}

// runInSavepoint runs a job inside a savepoint, so that its failure leaves the others alone.
func (w *writer) runInSavepoint(tx *Tx) error {
	mark := w.counters.mark()
	tx.inSavepoint = true
	if err := tx.conn.Savepoint("job"); err != nil {
		return err
	}
	if w.do(tx) {
		return tx.conn.Release("job")
	}
	w.rewind(mark)
	err := tx.conn.RollbackTo("job")
	if err != nil && tx.job.timeoutErr != nil { // SQLite ends the transaction of a statement that was interrupted while it wrote
		return errPartialWrite
	}
	return err
}

// do runs the job's function, and reports whether what it did stays.
func (w *writer) do(tx *Tx) bool {
	j, started := tx.job, time.Now()
	defer func() { j.took += time.Since(started) }()
	if j.err = tx.recoverPanics(j.run); sqlite.IsIOError(j.err) {
		tx.dirty = true // SQLite may have rolled back all by itself
		j.err = w.jobError("statement", j.err)
	}
	if tx.ended != nil { // the function may have taken it for the fault of a part
		j.err, j.commitErr = tx.ended, nil
	}
	stays := j.err == nil || j.commitsError()
	j.finished = j.finished || stays
	return stays
}

// recoverPanics turns a panic of a write function into its error.
func (tx *Tx) recoverPanics(run func(*Tx) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			tx.job.commitErr = nil
			err = fmt.Errorf("panic in a write: %v\n%s", r, debug.Stack())
		}
	}()
	return run(tx)
}
