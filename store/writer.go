package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/fair"
	"crmkit/store/sqlite"
)

const (
	retryAfter = time.Second // of what was not taken

	maxBatch  = 256                   // writes committed together
	batchTime = 50 * time.Millisecond // after which no further write joins a batch, so that others need not wait for it
	walLimit  = 32 << 20              // bytes of log after which the writer empties it
	walEvery  = 64                    // batches between looks at the log's size

	idleAfter = 10 * time.Second // without a write the log is written into the file
)

// DefaultMaxWrite is how much of the writer's time one write may take: all others wait for
// it.
const DefaultMaxWrite = 2 * time.Second

// writer is the one place that writes. It takes what is waiting, runs it in one
// transaction and answers all after the commit (group commit): there is no wait
// timer, the disk's own latency makes the batches.
type writer struct {
	store      *Store
	conn       *sqlite.Conn // the only one that writes, held for life
	jobs       *fair.Batches[*job]
	most       time.Duration // of its time that one job may take
	batchTime  time.Duration // of its time after which no further job joins a batch
	ended      chan struct{} // closed when the writer has returned
	lost       bool          // it was not in its place at the last look
	batches    int
	commitTime time.Duration    // how long the last COMMIT took
	versions   []*cache.Version // that a commit under way ends
	foreign    []crm.Record     // that others changed, as they are now
	others     bool             // have changed anything
	last       int64            // the number of the last change in the log
	counters   counterSet       // of the workspaces that a batch writes to
	origins    map[origin]int64 // keys of those used lately
	known      atomic.Int64     // the last change that memory is in step with
	flight     atomic.Int64     // the last change of a commit under way
}

type job struct {
	ctx            context.Context
	actor          crm.Actor
	run            func(*Tx) error
	after          []func()
	versions       []*cache.Version  // of the workspaces whose records it changes
	changedRecords []crm.Record      // as they are now
	invalidated    []cache.RecordKey // what of memory is not as it is any more
	dryRun         *DryRun           // of which it is a step; nil: it is in earnest
	commitErr      error             // the error with which what it did stays
	err            error
	started        bool          // it has run, perhaps in vain
	finished       bool          // to its end; the batch may yet run again
	timeoutErr     error         // set when it took too long, and is not run again
	took           time.Duration // of the writer's time
	done           chan struct{}
}

// commitsError reports whether the job ended with the very error that it wanted to end
// with, and no other.
func (j *job) commitsError() bool { return j.commitErr != nil && errors.Is(j.err, j.commitErr) }

// abandoned reports whether a job is not to be run (again): it took too long, or its client has
// left. What ran to its end runs again in any case, for others of the batch may have seen
// what it did.
func (j *job) abandoned() bool {
	if j.timeoutErr != nil {
		j.err = j.timeoutErr
	} else if j.err = j.ctx.Err(); j.finished {
		j.err = nil
	}
	return j.err != nil
}

func newWriter(s *Store) (*writer, error) {
	w := &writer{store: s, conn: s.db.Writer(), jobs: newJobs(), most: cmp.Or(s.opts.MaxWrite, DefaultMaxWrite), batchTime: batchTime, ended: make(chan struct{}), counters: newCounterSet(), origins: map[origin]int64{}}
	var last int64
	if err := w.conn.Row(lastChange, nil, &last); err != nil && !errors.Is(err, sqlite.ErrNoRows) {
		return nil, err
	}
	w.known.Store(last)
	return w, nil
}

// Write runs fn in a transaction and returns when its changes are on disk. When
// fn returns an error nothing of it is kept (but see Tx.Keep), and Write returns
// that error. Where ctx ends before fn does, or fn is not done after Options.MaxWrite, it is ended
// at its next statement, a statement that reads many rows at once; nothing of it is kept
// then, and of other writes nothing is lost. fn must bear being run again on another engine, so it has no effects outside its
// Tx but assignments that a second run repeats.
func (s *Store) Write(ctx context.Context, actor crm.Actor, fn func(*Tx) error) error {
	return s.submit(&job{ctx: ctx, actor: actor, run: fn, done: make(chan struct{})})
}

func (s *Store) submit(j *job) error {
	select {
	case <-s.stop:
		return stopped()
	default:
	}
	if err := j.ctx.Err(); err != nil {
		return err
	}
	if err := s.writer.jobs.Push(tenantOf(j.actor), j); err != nil {
		return waitError(err)
	}
	s.noteActive(j.actor)
	return s.writer.wait(j)
}

// wait returns when the write is done, or when its client has gone before it began.
func (w *writer) wait(j *job) error {
	select {
	case <-j.done:
		return j.err
	case <-j.ctx.Done():
		if w.jobs.Remove(tenantOf(j.actor), j) {
			return j.ctx.Err()
		}
	case <-w.ended:
	}
	select {
	case <-j.done:
		return j.err
	case <-w.ended:
		// The writer has ended; it may have answered just before.
		select {
		case <-j.done:
			return j.err
		default:
			return stopped()
		}
	}
}

func stopped() error {
	return &crm.Error{Code: crm.NotReady, Hint: "the server is shutting down and did not take the request; send it again in a moment.", RetryAfter: retryAfter}
}

// tooLong is the error of a write that took longer than Options.MaxWrite.
func (w *writer) tooLong() error {
	return &lateError{crm.Error{Code: crm.NotReady, RetryAfter: retryAfter,
		Hint: fmt.Sprintf("the write was not done after the %.0f s that one may take, and nothing of it was saved. Send less at once: fewer rows or ids.", w.most.Seconds())}}
}

type lateError struct{ fault crm.Error }

func (e *lateError) Error() string { return e.fault.Error() }
func (e *lateError) Unwrap() error { return &e.fault }

// TooLong reports whether a write was ended for the time that it took, so that less of it
// at once may be done.
func TooLong(err error) bool {
	var late *lateError
	return errors.As(err, &late)
}

// run serves writes until the store closes, then those that still wait.
func (w *writer) run() {
	defer close(w.ended)
	idle := time.NewTimer(w.store.opts.idle)
	defer idle.Stop()
	for {
		select {
		case <-w.jobs.Ready():
			w.serve()
			idle.Reset(w.store.opts.idle)
		case <-idle.C:
			if !w.checkpointIdle() {
				idle.Reset(w.store.opts.idle)
			}
		case <-w.store.stop:
			for w.jobs.Waiting() > 0 {
				w.serve()
			}
			return
		}
	}
}

// serve commits one batch of what waits.
func (w *writer) serve() {
	batch := w.jobs.Take(maxBatch, func(j *job) bool { return j.dryRun != nil })
	if len(batch) == 0 {
		return // its clients have gone
	}
	for _, j := range batch {
		j.took = 0
	}
	ran := w.commit(batch)
	w.jobs.Done(batch[:ran], batch[ran:], func(j *job) time.Duration { return j.took })
}

// commit runs the jobs of a batch for which there is time, answers each, and returns how
// many they are.
func (w *writer) commit(batch []*job) (ran int) {
	if gate := w.store.gate; gate != nil {
		gate.Lock()
		defer gate.Unlock()
	}
	w.commitTime = 0
	before := w.conn.PagesRead()
	err := w.checkFile()
	rehearsal := batch[0].dryRun != nil
	switch {
	case err != nil:
	case rehearsal:
		err = w.runDryRun(batch[0])
	default:
		batch, err = w.commitBatch(batch)
	}
	seen := Batch{Writes: len(batch), Commit: w.commitTime, Failed: err != nil, Pages: w.conn.PagesRead() - before}
	w.store.withRecover(func() { w.store.seen(seen) })
	if !rehearsal {
		w.updateCaches(batch, err)
	}
	for _, j := range batch {
		if err != nil { // also where a job failed by itself: it may have met rows that are gone now
			j.err, j.commitErr = err, nil
		}
		if j.err == nil || j.commitsError() {
			for _, after := range j.after {
				w.store.withRecover(after)
			}
		}
		close(j.done)
	}
	w.checkpointIfLarge()
	return len(batch)
}

// checkFile returns an error where the file is not in its place any more. What is written
// into a file without a name is gone with the process.
func (w *writer) checkFile() error {
	path := w.store.opts.Path
	if !w.store.db.Misplaced() {
		w.lost = false
		return nil
	}
	if !w.lost {
		w.store.opts.Log.Error("the database file was removed, moved or replaced while it is in use; nothing is saved until it is back", "path", path)
	}
	w.lost = true
	return &crm.Error{Code: crm.NotReady, RetryAfter: time.Minute,
		Hint: "the server's database file was removed, moved or replaced while it runs, so nothing can be saved, and this was not. Whoever runs the server must stop it, put the file back, and start it."}
}

// checkpointIfLarge empties the write-ahead log when it has grown: SQLite's own passive
// checkpoints give way to readers and would let it grow without bound.
func (w *writer) checkpointIfLarge() {
	if w.batches++; w.batches%walEvery != 0 {
		return
	}
	_, size := w.store.db.Sizes()
	if size <= walLimit {
		return
	}
	if err := w.conn.Checkpoint(); err != nil {
		w.store.opts.Log.Warn("the log was not emptied", "error", err, "wal_bytes", size)
	}
}

// checkpointIdle writes the log into the file, so that a copy of the file alone has everything;
// false: a reader still needs the log.
func (w *writer) checkpointIdle() bool {
	if _, size := w.store.db.Sizes(); size == 0 {
		return true
	}
	err := w.conn.Checkpoint()
	if err != nil {
		w.store.opts.Log.Warn("the log was not written into the file", "error", err)
	}
	return err == nil
}
