package txn

import (
	"errors"
	"slices"
	"time"

	"crmkit/store/engine"
)

// maxHeld is how long a write waits for a head that others hold. A server that stopped in the middle of a
// transaction loses its heads before.
const maxHeld = 15 * time.Second

// begin begins a transaction for the jobs of a batch whose heads can be had, and returns these. The others
// have left the batch. If it returns no job, no transaction has begun.
func (w *writer) begin(batch []*job) ([]*job, error) {
	for {
		_, batch = split(batch, func(j *job) bool { return j.left })
		if len(batch) == 0 {
			return nil, nil
		}
		started := time.Now()
		err := w.beginWith(batch)
		var held *engine.HeldError
		if !errors.As(err, &held) {
			return batch, err
		}
		w.leave(needing(batch, held.Heads), started, held)
	}
}

// needing returns the jobs of a batch that need one of some heads; all of them if none does: then it is
// not known which job needs them.
func needing(batch []*job, heads []int64) []*job {
	found, _ := split(batch, func(j *job) bool { return j.needs(heads) })
	if len(found) == 0 {
		return batch
	}
	return found
}

// needs reports whether a job needs one of some heads.
func (j *job) needs(heads []int64) bool {
	return slices.ContainsFunc(headsOf([]*job{j}), func(head int64) bool { return slices.Contains(heads, head) })
}

// split returns the jobs of a batch that pass a test, and the others, both in their order.
func split(batch []*job, test func(*job) bool) (passed, others []*job) {
	for _, j := range batch {
		if test(j) {
			passed = append(passed, j)
		} else {
			others = append(others, j)
		}
	}
	return passed, others
}

// commitApart is commitBatch for a batch in which jobs may be that have left one before. They come last,
// with those of the same heads, so that the others do not wait for their heads again.
func (w *writer) commitApart(batch []*job) {
	left, _ := split(batch, func(j *job) bool { return !j.heldSince.IsZero() })
	heads := headsOf(left)
	last, others := split(batch, func(j *job) bool { return j.needs(heads) })
	for _, part := range [][]*job{others, last} {
		if len(part) > 0 {
			w.commitBatch(part)
		}
	}
}

// leave has jobs leave the batch because others hold their heads since a time. Those that have waited for
// too long, and those whose clients have left, are answered.
func (w *writer) leave(list []*job, since time.Time, held *engine.HeldError) {
	waited := time.Since(since)
	var late, gone []*job
	for _, j := range list {
		j.took += waited / time.Duration(len(list)) // else the queue would always give them the next turn
		if j.left = true; j.heldSince.IsZero() {
			j.heldSince = since
		}
		switch {
		case j.abandoned():
			gone = append(gone, j)
		case time.Since(j.heldSince) >= w.tuning.MaxHeld:
			late = append(late, j)
		}
	}
	w.finish(gone, nil)
	if len(late) > 0 {
		w.finish(late, w.transactionError(held))
	}
}
