package txn

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"crmkit/crm"
	"crmkit/store/engine"
)

// attempt is how the jobs of a transaction run.
type attempt int

const (
	first attempt = iota // together, as many as there is time for
	again                // together, without those that failed
	alone                // one, whose parts have savepoints
)

// errPartialWrite is the error of a job of which a part (Tx.Savepoint) failed after it had written, in a
// run without savepoints. The job runs again with them, so that what the part wrote can be taken back.
var errPartialWrite = errors.New("a write failed half done")

// commitBatch runs the jobs of a batch for which there is time and whose heads can be had, commits
// and answers them. A job runs at most three times:
//
//  1. With the others. If none fails after it has written, all are committed.
//  2. Else those that did not fail so run again together, and are committed if none fails so now.
//  3. Each job that failed so in the first run, or every job if one failed so in the second, runs alone.
func (w *writer) commitBatch(batch []*job) {
	joined, failed, err := w.runAndCommit(batch, first)
	if len(failed) == 0 {
		w.finish(joined, err)
		return
	}
	rest := slices.DeleteFunc(slices.Clone(joined), func(j *job) bool { return slices.Contains(failed, j) })
	if len(rest) > 0 {
		committed, more, err := w.runAndCommit(rest, again)
		if len(more) == 0 {
			w.finish(committed, err)
		} else {
			failed = joined
		}
	}
	for _, j := range failed {
		if !j.left {
			w.commitAlone(j, len(joined))
		}
	}
}

// commitAlone runs a job in a transaction of its own, and answers it. It does not run again if it was
// the only one of joined jobs, and would run in the same way: no part of it has failed that would now
// have a savepoint.
func (w *writer) commitAlone(j *job, joined int) {
	batch := []*job{j}
	if joined == 1 && !errors.Is(j.err, errPartialWrite) || j.abandoned() {
		w.finish(batch, nil)
		return
	}
	batch, _, err := w.runAndCommit(batch, alone)
	w.finish(batch, err)
}

// runTogether begins a transaction and runs jobs in it. It returns the jobs that joined: those whose
// heads can be had, and of a first attempt only those for which there is time. Of these it returns which
// failed after they had written. If some did, or an error of the whole transaction is returned, the
// transaction was rolled back. Else it is to be committed, unless no job joined.
func (w *writer) runTogether(batch []*job, how attempt) (joined, failed []*job, err error) {
	batch, err = w.begin(batch)
	if err != nil || len(batch) == 0 {
		return batch, nil, w.transactionError(err)
	}
	// After a job that has to run again for want of a head, the others run too: so it is known which
	// further heads they need.
	if !w.askAhead(batch) {
		w.rollback()
		return batch, nil, errRunAgain
	}
	started, stopped := time.Now(), false
	for i := 0; i < len(batch) && err == nil; i++ {
		j := batch[i]
		if how == first && i > 0 && time.Since(started) > w.tuning.BatchTime {
			break
		}
		if joined = batch[:i+1]; j.abandoned() {
			continue
		}
		outcome := w.runJob(j, how)
		if outcome != clean {
			failed = append(failed, j)
		}
		if outcome == broken {
			break
		}
		if stopped = stopped || outcome == hindered; w.cause != nil {
			break
		}
	}
	if err == nil && len(failed) == 0 && !stopped {
		err = w.writeCounters(w.own())
	}
	if err != nil && w.db.traits.Shared {
		w.cause = err
	}
	if stopped || err != nil && w.cause != nil {
		failed, err = nil, errRunAgain
	} else if err != nil {
		err = w.jobError("transaction", err)
	}
	if err != nil || len(failed) > 0 {
		w.rollback()
	}
	return joined, failed, err
}

// beginWith begins a transaction for a batch. The caches follow the commits of this writer alone; if
// another program has committed to the file meanwhile, they are emptied.
func (w *writer) beginWith(batch []*job) error {
	w.heads.locked = headsOf(batch)
	if err := w.conn.BeginWrite(w.heads.locked); err != nil {
		return err
	}
	w.last, w.counters = 0, newCounterSet()
	w.memo.clear()
	clear(w.runs)
	if w.db.traits.Shared {
		clear(w.origins) // others may have deleted them
		return nil
	}
	_, err := engine.Found(w.conn.Row(LastCommit, nil, &w.last))
	var version int64
	if err == nil {
		version, err = w.conn.Version()
	}
	if err != nil {
		w.rollback()
		return err
	}
	if version != w.dataVersion {
		w.dataVersion = version
		w.db.opts.Log.Info("another program has committed to the database: memory is filled anew")
		clear(w.origins)
		w.db.emptyCaches()
	}
	w.known.Store(w.last) // also after a commit of unknown outcome, whose workspaces the caches forgot
	return nil
}

// own returns a transaction of the writer itself, in one that it has begun.
func (w *writer) own() *Tx {
	ctx := context.Background()
	return &Tx{db: w.db, writer: w, conn: w.conn, limit: ctx, job: &job{ctx: ctx, internal: true}}
}

// outcome is what a job leaves of the transaction that it ran in.
type outcome int

const (
	clean    outcome = iota // it may be committed: the job is done, or failed before it wrote
	written                 // it has what a failed job wrote
	broken                  // the engine may have ended it by itself: no further job may run in it
	hindered                // others were in its way: all of it must run again
)

// runJob runs a job, within the time that a write may take.
func (w *writer) runJob(j *job, how attempt) outcome {
	j.after, j.commitErr, j.versions, j.changedRecords, j.invalidated, j.random.at = nil, nil, nil, nil, nil, 0
	limit, cancel := context.WithTimeout(context.WithoutCancel(j.ctx), w.tuning.MaxWrite)
	defer cancel()
	tx := &Tx{db: w.db, writer: w, conn: w.conn, limit: limit, Actor: j.actor, job: j, now: w.db.opts.Clock().UnixMilli(), savepoints: how == alone}
	started := time.Now()
	j.err = tx.recoverPanics(j.run)
	j.took += time.Since(started)
	if tx.partWrote { // a later error may be due to rows that the part left, so it does not count
		w.cause, tx.ended = nil, nil
	}
	if errors.Is(tx.ended, errRunAgain) {
		return hindered
	}
	machine := w.db.data.Fault(j.err) == engine.Machine
	if machine {
		j.err = w.jobError("statement", j.err)
	}
	if tx.ended != nil { // the function may not have returned this error
		j.err, j.commitErr = tx.ended, nil
	}
	if tx.partWrote {
		j.err, j.commitErr = errPartialWrite, nil
	}
	done := j.err == nil || j.commitsError()
	if !done {
		j.random.taken = nil
	}
	j.finished = j.finished || done
	switch {
	case done:
		return clean
	case machine || tx.aborted || j.timeoutErr != nil && tx.dirty:
		return broken
	case tx.dirty:
		return written
	}
	return clean
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

// commitTransaction commits what the jobs of a batch did. After errRunAgain nothing of it is kept; after
// another error that is not known.
func (w *writer) commitTransaction(batch []*job) error {
	w.collectEffects(batch)
	bumpVersions(w.versions)
	w.committing = w.last
	started := time.Now() // of the machine: it is the disk that is measured
	err := w.commitConn()
	if w.commitTime = time.Since(started); err != nil {
		clear(w.origins)
		_ = w.conn.Rollback()
		if errors.Is(err, engine.ErrNotCommitted) {
			w.cause = err
			bumpVersions(w.versions)
			w.versions, w.committing = nil, 0
			return errRunAgain
		}
		w.db.opts.Log.Error("commit failed", "error", err)
		return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter,
			Hint: "the write could not be confirmed: it may or may not be saved. Read the record before you send it again."}
	}
	return nil
}

// commitConn runs COMMIT.
func (w *writer) commitConn() error {
	if commit := w.tuning.Commit; commit != nil {
		return commit(w.conn.Commit)
	}
	return w.conn.Commit()
}

// rollback takes the transaction back, and forgets what was noted of it.
func (w *writer) rollback() {
	_ = w.conn.Rollback() // fails if SQLite has rolled back by itself
	clear(w.origins)
	clear(w.runs)
	w.versions = nil
}

// transactionError returns the error of a transaction that failed as a whole; nil for nil.
func (w *writer) transactionError(err error) error {
	if err == nil {
		return nil
	}
	return w.jobError("transaction", err)
}

func (w *writer) jobError(step string, err error) error {
	return w.db.unusable("write: "+step, "the database does not take writes now; nothing was saved. Try again in a moment.", err)
}
