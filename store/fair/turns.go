package fair

import (
	"context"
	"sync"
	"time"
)

// Turns let as much work run at once as there are processors, and one more.
//
// A tenant that is alone may have all places but one, so that a second tenant never waits for its
// work. If several tenants are active, each may have its share of the processors. Turns are safe
// for concurrent use.
type Turns struct {
	processors int
	maxWait    time.Duration

	mu     sync.Mutex
	free   int
	held   map[int64]int // places by tenant
	queue  queue[*waiter]
	active activity
}

// waiter is work that waits for its turn.
type waiter struct {
	granted chan struct{} // closed with the turn
	ticket  ticket
}

// NewTurns returns turns for a number of processors. Work waits at most maxWait.
func NewTurns(processors int, limits Limits, maxWait time.Duration) *Turns {
	return &Turns{processors: processors, maxWait: maxWait, free: processors + 1, held: map[int64]int{}, queue: newQueue[*waiter](limits)}
}

// Places returns how many turns there may be at once.
func (t *Turns) Places() int { return t.processors + 1 }

// Take waits for a turn of a tenant, which must be ended. Its error is that of the context,
// ErrFull, ErrShareFull, or ErrTimeout.
func (t *Turns) Take(ctx context.Context, tenant int64) (end func(), err error) {
	tk, err := t.take(ctx, tenant)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	return func() {
		took := time.Since(started)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.end(tk, took)
	}, nil
}

func (t *Turns) take(ctx context.Context, tenant int64) (ticket, error) {
	t.mu.Lock()
	t.active.note(tenant, time.Now())
	if t.queue.waiting == 0 && t.free > 0 && t.may(tenant) {
		tk := t.queue.start(tenant)
		t.hold(tenant)
		t.mu.Unlock()
		return tk, nil
	}
	w := &waiter{granted: make(chan struct{})}
	err := t.queue.push(tenant, w)
	t.grant()
	t.mu.Unlock()
	if err != nil {
		return ticket{}, err
	}
	return t.wait(ctx, tenant, w)
}

func (t *Turns) wait(ctx context.Context, tenant int64, w *waiter) (ticket, error) {
	limit := time.NewTimer(t.maxWait)
	defer limit.Stop()
	var err error
	select {
	case <-w.granted:
		return w.ticket, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit.C:
		err = ErrTimeout
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.queue.remove(tenant, w) { // the turn was granted meanwhile
		t.end(w.ticket, 0)
	}
	return ticket{}, err
}

// end ends a turn. The caller holds the lock.
func (t *Turns) end(tk ticket, took time.Duration) {
	t.free++
	if t.held[tk.tenant]--; t.held[tk.tenant] == 0 {
		delete(t.held, tk.tenant)
	}
	t.queue.finish(tk, took)
	t.grant()
}

// grant gives out the free places. The caller holds the lock.
func (t *Turns) grant() {
	for t.free > 0 {
		w, tk, found := t.queue.pop(t.may)
		if !found {
			return
		}
		t.hold(tk.tenant)
		w.ticket = tk
		close(w.granted)
	}
}

func (t *Turns) hold(tenant int64) {
	t.free--
	t.held[tenant]++
}

// may reports whether a tenant may have one more place. The caller holds the lock.
func (t *Turns) may(tenant int64) bool {
	return t.held[tenant] < max(1, t.processors/max(1, t.active.n))
}

// Note marks a tenant as active although its work needs no turn, so that the others do not use
// more than their share.
func (t *Turns) Note(tenant int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active.note(tenant, time.Now())
}

// Waiting returns how many calls of Take wait.
func (t *Turns) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue.waiting
}

// activePeriod is how long a tenant is active after its last work: once to twice this time.
const activePeriod = time.Second

// activity has the tenants that had work in this period or in the one before.
type activity struct {
	began         time.Time
	now, previous map[int64]bool
	n             int // in either
}

func (a *activity) note(tenant int64, at time.Time) {
	if since := at.Sub(a.began); since >= activePeriod || a.now == nil {
		a.previous = a.now
		if since >= 2*activePeriod {
			a.previous = nil
		}
		a.began, a.now, a.n = at, map[int64]bool{}, len(a.previous)
	}
	if !a.now[tenant] && !a.previous[tenant] {
		a.n++
	}
	a.now[tenant] = true
}
