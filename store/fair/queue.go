package fair

import (
	"errors"
	"slices"
	"time"
)

// Why work is refused.
var (
	ErrFull      = errors.New("too much work is waiting")
	ErrShareFull = errors.New("too much work of the tenant is waiting")
	ErrTimeout   = errors.New("the work before took too long")
)

// Limits say how much work may wait.
type Limits struct {
	Total     int
	PerTenant int
}

// queue is waiting work of all tenants. It is not safe for concurrent use.
type queue[T comparable] struct {
	limits   Limits
	waiting  int
	running  int
	clock    time.Duration // the time used by the tenant that was served last
	idle     time.Time     // when work ended last
	arrivals int64
	tenants  map[int64]*tenant[T]
}

// tenant is the work and the account of one tenant.
type tenant[T comparable] struct {
	items   []arrival[T]
	spent   time.Duration // time used, and charged in advance
	usual   time.Duration // the time that its work takes: the last, or of one long before a part that is halved with each
	ended   time.Time     // when that was
	running int
}

type arrival[T comparable] struct {
	item   T
	number int64
}

// ticket is returned for work that begins, and given to finish when it ends.
type ticket struct {
	tenant  int64
	charged time.Duration
}

const (
	// leastCharge is the least charge for work that begins, so that a tenant cannot begin any
	// number of jobs at once.
	leastCharge = 50 * time.Microsecond
	// maxDebt bounds how much more time than the others a tenant can be charged, so that a tenant
	// that did much work while it was alone is served again soon.
	maxDebt = 2 * time.Second
	// comesBack is the longest pause after which a tenant is taken for one that always has work.
	comesBack = 100 * time.Millisecond
	// forget is how long nothing must have been done until the accounts begin anew. For a moment there is
	// nothing to do also where several tenants compete.
	forget = time.Second
)

// Long work is begun a moment later if somebody may come back meanwhile whose work is short: who sends one
// request after the other has none waiting at the moment when the next work is chosen, and would wait for
// that of everybody else each time. The pauses are a small share of the time that long work takes.
const (
	longWork   = 50 * time.Millisecond
	pauseShare = 4
)

// pause returns how long the next work, which has waited already, should wait for a tenant that has used less time
// than its own, and had work a moment ago; 0: it should not.
func (q *queue[T]) pause(now time.Time, waited time.Duration) (rest time.Duration) {
	_, next := q.first(anybody)
	if next == nil || next.usual < longWork || next.usual <= waited {
		return 0
	}
	for _, t := range q.tenants {
		if len(t.items) == 0 && t.running == 0 && t.spent < next.spent && t.usual < longWork {
			rest = max(rest, next.usual/pauseShare-now.Sub(t.ended))
		}
	}
	return rest
}

func newQueue[T comparable](limits Limits) queue[T] {
	return queue[T]{limits: limits, tenants: map[int64]*tenant[T]{}}
}

// push adds work of a tenant, or returns ErrFull or ErrShareFull.
func (q *queue[T]) push(number int64, item T) error {
	if q.waiting >= q.limits.Total {
		return ErrFull
	}
	if q.waiting == 0 && q.running == 0 && time.Since(q.idle) > forget {
		q.clock = 0
		clear(q.tenants)
	}
	t := q.tenant(number)
	if len(t.items) >= q.limits.PerTenant {
		return ErrShareFull
	}
	q.arrivals++
	q.waiting++
	t.items = append(t.items, arrival[T]{item, q.arrivals})
	return nil
}

// tenant returns the entry of a tenant. A tenant that comes starts with the used time of those that compete,
// or with its own if that is more, or if it had work a moment ago: who sends one request after the other
// competes all the time.
func (q *queue[T]) tenant(number int64) *tenant[T] {
	t := q.tenants[number]
	if t == nil {
		q.sweep()
		t = &tenant[T]{usual: leastCharge}
		q.tenants[number] = t
	}
	if t.competes() {
		t.spent = max(t.spent, q.clock-maxDebt)
	} else {
		t.spent = max(t.spent, q.now())
	}
	return t
}

// competes reports whether a tenant has work, or is taken for one that has.
func (t *tenant[T]) competes() bool {
	return len(t.items) > 0 || t.running > 0 || time.Since(t.ended) < comesBack
}

// now returns the used time of those that compete: the least, and at most that of the one served last.
func (q *queue[T]) now() time.Duration {
	now := q.clock
	for _, t := range q.tenants {
		if t.spent < now && t.competes() {
			now = t.spent
		}
	}
	return now
}

// sweep removes tenants without work if there are many tenants.
func (q *queue[T]) sweep() {
	if len(q.tenants) < 2*q.limits.Total {
		return
	}
	for number, t := range q.tenants {
		if len(t.items) == 0 && t.running == 0 {
			delete(q.tenants, number)
		}
	}
}

// first returns the tenant whose work is the next of those that may be served; nil: none has any.
func (q *queue[T]) first(may func(number int64) bool) (number int64, next *tenant[T]) {
	for n, t := range q.tenants {
		if len(t.items) > 0 && (next == nil || t.before(next)) && may(n) {
			number, next = n, t
		}
	}
	return number, next
}

// pop removes the next work of the tenants that may be served, and charges for it.
func (q *queue[T]) pop(may func(number int64) bool) (item T, tk ticket, found bool) {
	number, next := q.first(may)
	if next == nil {
		return item, tk, false
	}
	item = next.items[0].item
	next.items = next.items[1:]
	q.waiting--
	return item, q.start(number), true
}

// start charges a tenant for work that begins.
func (q *queue[T]) start(number int64) ticket {
	t := q.tenant(number)
	q.running++
	t.running++
	q.clock = max(q.clock, t.spent)
	t.spent += t.usual
	return ticket{number, t.usual}
}

func (t *tenant[T]) before(other *tenant[T]) bool {
	if t.spent != other.spent {
		return t.spent < other.spent
	}
	return t.items[0].number < other.items[0].number
}

// finish corrects the charge for work that has ended.
func (q *queue[T]) finish(tk ticket, took time.Duration) {
	t := q.tenants[tk.tenant]
	q.running--
	t.running--
	t.spent = min(t.spent-tk.charged+took, q.clock+maxDebt)
	t.usual = max(took, t.usual/2, leastCharge)
	t.ended = time.Now()
	q.idle = t.ended
}

// putBack returns work that was popped to the queue, before other work of its tenant. It charges for the
// time that a try has taken; 0: there was none.
func (q *queue[T]) putBack(tk ticket, item T, took time.Duration) {
	t := q.tenants[tk.tenant]
	q.running--
	q.waiting++
	t.running--
	if t.spent -= tk.charged; took > 0 {
		t.spent = min(t.spent+took, q.clock+maxDebt)
	}
	t.items = slices.Insert(t.items, 0, arrival[T]{item, 0})
}

// remove removes waiting work that its caller gave up. It returns false if the work has begun.
func (q *queue[T]) remove(number int64, item T) bool {
	t := q.tenants[number]
	if t == nil {
		return false
	}
	at := slices.IndexFunc(t.items, func(a arrival[T]) bool { return a.item == item })
	if at < 0 {
		return false
	}
	t.items = slices.Delete(t.items, at, at+1)
	q.waiting--
	return true
}
