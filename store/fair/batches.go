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

	paused time.Time     // when the worker began to wait for a tenant; zero: it does not
	waited time.Duration // since long work was taken, so far
}

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
	if rest := b.pause(time.Now()); rest > 0 {
		time.AfterFunc(rest, b.wake)
		return nil
	}
	for len(batch) < most {
		_, next := b.queue.first(anybody)
		if next == nil {
			break
		}
		single := alone(next.items[0].item)
		if single && len(batch) > 0 {
			break
		}
		item, tk, _ := b.queue.pop(anybody)
		if next.usual >= longWork {
			b.waited = 0
		}
		b.taken[item] = tk
		if batch = append(batch, item); single {
			break
		}
	}
	return batch
}

// pause returns how much longer the worker should wait for a tenant before it begins the next work. For one long
// work it waits no longer in all than that takes.
func (b *Batches[T]) pause(now time.Time) (rest time.Duration) {
	if !b.paused.IsZero() {
		b.waited, b.paused = b.waited+now.Sub(b.paused), time.Time{}
	}
	if rest = b.queue.pause(now, b.waited); rest > 0 {
		b.paused = now
	}
	return rest
}

func anybody(int64) bool { return true }

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
