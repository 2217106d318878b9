package store

import (
	"context"
	"runtime"
	"sync"
	"time"

	"crmkit/crm"
)

const (
	maxReadsWaiting = 4096             // reads that may wait for a turn
	maxReadsOfOne   = 1024             // of them, those of one tenant
	maxTurnWait     = 15 * time.Second // for a turn to read
	activeFor       = time.Second      // how long a tenant counts as active after it asked
)

// turns share the right to read among the tenants. There is one place more than there
// are processors. A tenant that is alone may hold all but the last, so a further one
// never waits for its lists; when several are active each may hold its share of the
// processors. Token lookups and other account reads need no turn: they have connections of
// their own, and so has work in the background.
type turns struct {
	mu    sync.Mutex
	cores int
	free  int
	held  map[int64]int
	queue fairQueue[*turnWaiter]
	asked activity
}

// turnWaiter is a read that waits for its turn.
type turnWaiter struct {
	granted chan struct{} // closed with the turn
	ticket  ticket
}

func newTurns(cores int) *turns {
	return &turns{cores: cores, free: cores + 1, held: map[int64]int{}, queue: newFairQueue[*turnWaiter](maxReadsWaiting, maxReadsOfOne)}
}

// turnKey marks a context whose bearer has a turn.
type turnKey struct{}

// turn waits until the actor may read and returns a context that carries the right,
// for which view then has a connection without further waiting. Reads within a turn share
// it. The caller calls end when it has read.
func (s *Store) turn(ctx context.Context, actor crm.Actor) (_ context.Context, end func(), err error) {
	if ctx.Value(turnKey{}) != nil {
		return ctx, func() {}, nil
	}
	tk, err := s.turns.take(ctx, tenantOf(actor))
	if err != nil {
		return ctx, nil, err
	}
	started := time.Now()
	return context.WithValue(ctx, turnKey{}, true), func() { s.turns.give(tk, time.Since(started)) }, nil
}

func (t *turns) take(ctx context.Context, tenant int64) (ticket, error) {
	t.mu.Lock()
	t.asked.note(tenant, time.Now())
	if t.queue.waiting == 0 && t.free > 0 && t.may(tenant) {
		tk := t.queue.start(tenant)
		t.hold(tenant)
		t.mu.Unlock()
		return tk, nil
	}
	w := &turnWaiter{granted: make(chan struct{})}
	err := t.queue.push(tenant, w)
	t.grant()
	t.mu.Unlock()
	if err != nil {
		return ticket{}, err
	}
	return t.wait(ctx, tenant, w)
}

func (t *turns) wait(ctx context.Context, tenant int64, w *turnWaiter) (ticket, error) {
	limit := time.NewTimer(maxTurnWait)
	defer limit.Stop()
	var err error
	select {
	case <-w.granted:
		return w.ticket, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit.C:
		err = &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the reads before this one take too long; nothing was read. Send fewer at once, or narrow them, and try again."}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.queue.remove(tenant, w) { // it was granted just now
		t.end(w.ticket, 0)
	}
	return ticket{}, err
}

// give ends a turn that took so long.
func (t *turns) give(tk ticket, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(tk, took)
}

func (t *turns) end(tk ticket, took time.Duration) {
	t.free++
	if t.held[tk.tenant]--; t.held[tk.tenant] == 0 {
		delete(t.held, tk.tenant)
	}
	t.queue.finish(tk, took)
	t.grant()
}

// grant gives out the free places.
func (t *turns) grant() {
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

func (t *turns) hold(tenant int64) {
	t.free--
	t.held[tenant]++
}

// may reports whether a tenant may hold one more place.
func (t *turns) may(tenant int64) bool {
	return t.held[tenant] < max(1, t.cores/max(1, t.asked.n))
}

// note says that a tenant is at work, also where it needs no turn, so that the others
// keep to their share.
func (t *turns) note(tenant int64) {
	if tenant == 0 {
		return // sign-in and housekeeping
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked.note(tenant, time.Now())
}

// waiting returns how many reads wait for their turn.
func (t *turns) waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue.waiting
}

// activity knows which tenants asked lately: those of this period and of the one
// before, so a tenant counts for one to two periods.
type activity struct {
	began    time.Time
	now, was map[int64]bool
	n        int // in either
}

func (a *activity) note(tenant int64, at time.Time) {
	if since := at.Sub(a.began); since >= activeFor || a.now == nil {
		a.was = a.now
		if since >= 2*activeFor {
			a.was = nil
		}
		a.began, a.now, a.n = at, map[int64]bool{}, len(a.was)
	}
	if !a.now[tenant] && !a.was[tenant] {
		a.n++
	}
	a.now[tenant] = true
}

// processors returns how many processors the reads may use.
func processors() int { return max(2, runtime.NumCPU()) }
