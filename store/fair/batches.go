package fair

import (
	"sync"
	"time"
)

// Batches is work that waits for one worker, which takes it in batches. It is safe for
// concurrent use.
type Batches[T comparable] struct {
	mu    sync.Mutex
	queue queue[T]
	taken map[T]ticket
	ready chan struct{}

	// Of long work that waits for tenants to come back, see comesBack.
	paused time.Time     // since when; zero: nothing does
	waited time.Duration // in all before that, since work that is a batch of its own was taken
	closed bool          // no more work comes, so nothing waits for it
}

// Work that is a batch of its own takes long. Before it is begun, the worker waits for tenants that have used less
// time and had work up to comesBack ago: who sends one request after the other has none waiting at the moment
// when the next work is chosen, and would wait for all long work of the others each time. For one long work
// it waits at most maxPause in all.
const (
	comesBack = 20 * time.Millisecond
	maxPause  = 200 * time.Millisecond
)

// NewBatches returns a queue without work.
func NewBatches[T comparable](limits Limits) *Batches[T] {
	return &Batches[T]{queue: newQueue[T](limits), taken: map[T]ticket{}, ready: make(chan struct{}, 1)}
}

// Push adds work of a tenant. It returns ErrFull or ErrShareFull if there is no room in the queue.
func (b *Batches[T]) Push(tenant int64, item T) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.queue.push(tenant, item); err != nil {
		return err
	}
	b.wake()
	return nil
}

// Ready returns a channel that has an element when work may be waiting.
func (b *Batches[T]) Ready() <-chan struct{} { return b.ready }

func (b *Batches[T]) wake() {
	select {
	case b.ready <- struct{}{}:
	default: // the channel has an element already
	}
}

// Take returns at most so many items for one batch, in the order in which they must be done. An
// item for which alone is true is a batch of its own. The worker must call Done for all of them. There
// are none if nothing waits, or if what waits should wait a little longer; then Ready tells when.
func (b *Batches[T]) Take(most int, alone func(T) bool) (batch []T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(batch) < most {
		number, next := b.queue.first(func(int64) bool { return true })
		if next == nil {
			break
		}
		single := alone(next.items[0].item)
		if single && (len(batch) > 0 || b.pause(next, time.Now())) {
			break
		}
		item, tk := b.queue.take(number)
		b.taken[item] = tk
		if batch = append(batch, item); single {
			b.waited = 0
			break
		}
	}
	return batch
}

// pause reports whether the next work, of a tenant, should wait. Then Ready will tell when to look again.
func (b *Batches[T]) pause(next *tenant[T], now time.Time) bool {
	if !b.paused.IsZero() {
		b.waited, b.paused = b.waited+now.Sub(b.paused), time.Time{}
	}
	rest := min(comesBack-now.Sub(b.queue.lastEnd(next)), maxPause-b.waited)
	if rest <= 0 || b.closed {
		return false
	}
	b.paused = now
	time.AfterFunc(rest, b.wake)
	return true
}

// Close says that no more work comes: nothing waits for it.
func (b *Batches[T]) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.wake()
}

// Done charges the tenants for the time that their work took, and puts the rest of a batch, which was
// not done, back at the head of their queues.
func (b *Batches[T]) Done(done, rest []T, took func(T) time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(rest) - 1; i >= 0; i-- {
		b.queue.putBack(b.taken[rest[i]], rest[i], took(rest[i]))
		delete(b.taken, rest[i])
	}
	for _, item := range done {
		b.queue.finish(b.taken[item], took(item))
		delete(b.taken, item)
	}
	if b.queue.waiting > 0 {
		b.wake()
	}
}

// Remove removes waiting work that its caller gave up. It returns false if the work was taken.
func (b *Batches[T]) Remove(tenant int64, item T) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.remove(tenant, item)
}

// Waiting returns how many items wait.
func (b *Batches[T]) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.waiting
}
