package txn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"crmkit/store/engine"
)

// How often a transaction runs that must run again, and how long it waits before that at most.
const (
	maxRuns     = 8
	maxRunPause = 50 * time.Millisecond
)

// runAndCommit runs jobs as runTogether does, and commits them if none failed. If other transactions, or
// a lost connection, were in the way, all of it runs again, so a function may run many times.
func (w *writer) runAndCommit(batch []*job, how attempt) (joined, failed []*job, err error) {
	w.began = time.Now()
	for runs := 0; ; {
		joined, failed, err = w.runTogether(batch, how)
		if err == nil && len(failed) == 0 && len(joined) > 0 {
			err = w.commitTransaction(joined)
		}
		if !errors.Is(err, errRunAgain) {
			return joined, failed, err
		}
		if cause := w.mayRunAgain(batch, &runs); cause != nil {
			return w.blame(joined, cause)
		}
	}
}

// mayRunAgain decides whether a transaction runs again, and waits before that.
//
// If it lacked a head it runs again at once, and with that head. So it gets on with each run: there is no
// limit to these. Otherwise w.cause is the error that ended it. That error is returned, and it does not
// run again, if the error would come again, because a statement is wrong, or if it has come too often,
// or if the batch has taken too long.
func (w *writer) mayRunAgain(batch []*job, runs *int) error {
	cause := w.cause
	if w.cause = nil; cause == nil {
		return nil
	}
	for _, j := range batch {
		j.random.taken = nil
	}
	if *runs++; *runs == maxRuns || w.db.data.Fault(cause) == engine.NoFault || time.Since(w.began) > w.tuning.MaxWrite {
		return cause
	}
	time.Sleep(rand.N(maxRunPause))
	return nil
}

// blame says what an error means for the jobs of a transaction that does not run again:
//
//   - If the machine is at fault no job is. The error is one of the transaction, for all of them.
//   - So is a conflict with other transactions, if there was one job: to run it alone would be no other
//     run.
//   - Else one of the jobs is at fault, but it is not known which: its statement may have run after the
//     job had ended. All are returned as failed, so that each runs alone.
func (w *writer) blame(joined []*job, cause error) (_, failed []*job, err error) {
	if fault := w.db.data.Fault(cause); fault == engine.Machine || fault == engine.Conflict && len(joined) == 1 {
		return joined, nil, w.jobError("transaction", cause)
	}
	for _, j := range joined {
		j.err, j.commitErr = fmt.Errorf("a statement of the write, or its commit: %w", cause), nil
	}
	return joined, joined, nil
}

// runDryRun runs a step of a dry run and rolls it back. It returns the step if it is to be answered, and
// nothing if it has left the batch.
func (w *writer) runDryRun(j *job) ([]*job, error) {
	w.began = time.Now()
	for runs, outcome := 0, hindered; outcome == hindered; {
		batch, err := w.begin([]*job{j})
		if err != nil || len(batch) == 0 {
			return batch, w.transactionError(err)
		}
		if outcome = clean; !j.abandoned() {
			outcome = w.runJob(j, alone)
		}
		if outcome == clean && w.db.traits.Shared { // whose last statements have perhaps not run yet
			outcome = w.finishDryRun(j)
		}
		if w.rollback(); outcome == hindered {
			if cause := w.mayRunAgain([]*job{j}, &runs); cause != nil {
				return []*job{j}, w.transactionError(cause)
			}
		}
	}
	j.after, j.commitErr = nil, nil
	return []*job{j}, nil
}

// finishDryRun has the engine run the statements of a dry run that were not sent yet, and returns what
// they make of its outcome. If one fails, it is the error of the step.
func (w *writer) finishDryRun(j *job) outcome {
	var one int
	_, err := w.own().rowAsStored("SELECT 1", nil, &one)
	switch {
	case err == nil || j.err != nil:
		return clean
	case w.db.data.Fault(err) != engine.NoFault:
		return hindered
	}
	w.cause, j.err = nil, fmt.Errorf("a statement of the dry run: %w", err)
	return written
}
