package store

import (
	"sync"
	"time"
)

const (
	maxWaiting = 4096                  // writes that may wait for the writer
	maxOfOne   = 1024                  // of them, those of one tenant
	batchTime  = 50 * time.Millisecond // after which no further write joins a batch, so that others need not wait for it
)

// jobs are the writes that wait for the writer, shared fairly among the tenants.
type jobs struct {
	mu    sync.Mutex
	queue fairQueue[*job]
	some  chan struct{} // has an element where writes may wait
}

func newJobs() *jobs {
	return &jobs{queue: newFairQueue[*job](maxWaiting, maxOfOne), some: make(chan struct{}, 1)}
}

// push adds a write, or says why it cannot wait.
func (js *jobs) push(j *job) error {
	js.mu.Lock()
	defer js.mu.Unlock()
	if err := js.queue.push(tenantOf(j.actor), j); err != nil {
		return err
	}
	js.wake()
	return nil
}

func (js *jobs) wake() {
	select {
	case js.some <- struct{}{}:
	default:
	}
}

// take returns the writes for one batch, in the order in which they are to run. A step of
// a rehearsal is a batch of its own.
func (js *jobs) take() (batch []*job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for len(batch) < maxBatch {
		j, tk, found := js.queue.pop(func(int64) bool { return true })
		if !found {
			break
		}
		if j.dryRun != nil && len(batch) > 0 {
			js.queue.unpop(tk, j)
			break
		}
		j.ticket, j.took = tk, 0
		if batch = append(batch, j); j.dryRun != nil {
			break
		}
	}
	return batch
}

// done charges the tenants for the writes of a batch that ran, and puts the others
// back at the head of their queues.
func (js *jobs) done(ran, rest []*job) {
	js.mu.Lock()
	defer js.mu.Unlock()
	for i := len(rest) - 1; i >= 0; i-- {
		js.queue.unpop(rest[i].ticket, rest[i])
	}
	for _, j := range ran {
		js.queue.finish(j.ticket, j.took)
	}
	if js.queue.waiting > 0 {
		js.wake()
	}
}

// remove takes a write out whose client has gone; false: it has begun.
func (js *jobs) remove(j *job) bool {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.queue.remove(tenantOf(j.actor), j)
}

// waiting returns how many writes wait.
func (js *jobs) waiting() int {
	js.mu.Lock()
	defer js.mu.Unlock()
	return js.queue.waiting
}
