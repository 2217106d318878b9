package txn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/dryrun"
)

// DefaultMaxWrite is how much of the writer's time one write may take: all others wait for
// it.
const DefaultMaxWrite = 2 * time.Second

// job is a write that waits, runs or was answered.
type job struct {
	ctx            context.Context
	actor          crm.Actor
	run            func(*Tx) error
	ahead          []Ahead // what it will ask
	after          []func()
	versions       []*cache.Version  // of the workspaces whose records it changes
	changedRecords []crm.Record      // as they are now
	invalidated    []cache.RecordKey // records of which the cache is out of date
	dryRun         *dryrun.Run       // of which it is a step; nil: it is in earnest
	commitErr      error             // the error with which what it did stays
	err            error
	internal       bool // it is the writer's own
	finished       bool // to its end; the batch may yet run again
	answered       bool
	wants          []int64   // heads that it turned out to need, beside that of the actor's workspace
	left           bool      // the batch at hand, for want of a head that others hold
	heldSince      time.Time // when it began to wait for such a head; zero: it did not
	timeoutErr     error     // set when it took too long, and is not run again
	random         drawn
	took           time.Duration // of the writer's time, in all its runs
	done           chan struct{}
}

// commitsError reports whether the job ended with the very error that it wanted to end
// with, and no other.
func (j *job) commitsError() bool { return j.commitErr != nil && errors.Is(j.err, j.commitErr) }

// abandoned reports whether a job is not to be run, or run again: it took too long, or its
// client has left before it ran to its end.
func (j *job) abandoned() bool {
	if j.timeoutErr != nil {
		j.err = j.timeoutErr
	} else if j.err = j.ctx.Err(); j.finished {
		j.err = nil
	}
	return j.err != nil
}

// Write runs fn in a transaction and returns when its changes are on disk. When fn returns
// an error nothing of it is kept (but see Tx.CommitWithError), and Write returns that error.
// Where ctx ends before fn does, or fn is not done after Options.MaxWrite, fn fails at its
// next statement, a statement that reads many rows at once; nothing of it is kept then, and
// other writes lose nothing. fn may run several times, so it has no effects outside its Tx
// but assignments that a further run repeats.
func (d *DB) Write(ctx context.Context, actor crm.Actor, fn func(*Tx) error) error {
	return d.submit(&job{ctx: ctx, actor: actor, run: fn, done: make(chan struct{})})
}

// WriteAhead is Write for a function of which it is known what it will ask.
func (d *DB) WriteAhead(ctx context.Context, actor crm.Actor, ahead []Ahead, fn func(*Tx) error) error {
	return d.submit(&job{ctx: ctx, actor: actor, run: fn, ahead: ahead, done: make(chan struct{})})
}

// WriteDry runs fn as Write does, as a step of a dry run, and rolls it back. No other write is
// in its transaction.
func (d *DB) WriteDry(ctx context.Context, actor crm.Actor, r *dryrun.Run, fn func(*Tx) error) error {
	return d.submit(&job{ctx: ctx, actor: actor, run: fn, dryRun: r, done: make(chan struct{})})
}

// writerOf returns the writer of a workspace. Two writers of one workspace would wait for each other
// at its head.
func (d *DB) writerOf(workspace int64) *writer { return d.writers[workspace%int64(len(d.writers))] }

func (d *DB) submit(j *job) error {
	select {
	case <-d.stop:
		return Stopped()
	default:
	}
	if err := j.ctx.Err(); err != nil {
		return err
	}
	j.random.source = d.opts.Rand
	w := d.writerOf(j.actor.Workspace)
	if err := w.jobs.Push(tenantOf(j.actor), j); err != nil {
		return waitError(err)
	}
	d.NoteActive(j.actor)
	return w.wait(j)
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
			return Stopped()
		}
	}
}

// Stopped is the error of a request that a database does not take because it shuts down.
func Stopped() error {
	return &crm.Error{Code: crm.NotReady, Hint: "the server is shutting down and did not take the request; send it again in a moment.", RetryAfter: retryAfter}
}

// tooLong is the error of a write that took longer than Options.MaxWrite.
func (w *writer) tooLong() error {
	return &lateError{crm.Error{Code: crm.NotReady, RetryAfter: retryAfter,
		Hint: fmt.Sprintf("the write was not done after the %.0f s that one may take, and nothing of it was saved. Send fewer rows or ids in one request.", w.tuning.MaxWrite.Seconds())}}
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

// drawn are the random bytes that the function of a job has taken. A further run for want of a head
// gets the same ones, so that what a write makes does not depend on how often its function ran. A run
// after a failure gets others: a random id that was taken may be the reason.
type drawn struct {
	source io.Reader
	taken  []byte
	at     int // how many of them this run has got
}

// Read implements io.Reader.
func (d *drawn) Read(p []byte) (int, error) {
	if missing := len(p) - (len(d.taken) - d.at); missing > 0 {
		fresh := make([]byte, missing)
		if _, err := io.ReadFull(d.source, fresh); err != nil {
			return 0, err
		}
		d.taken = append(d.taken, fresh...)
	}
	n := copy(p, d.taken[d.at:])
	d.at += n
	return n, nil
}

// Random returns the source of random bytes for what the transaction makes.
func (tx *Tx) Random() io.Reader { return &tx.job.random }
