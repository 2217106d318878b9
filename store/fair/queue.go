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
	arrivals int64
	tenants  map[int64]*tenant[T]
}

// tenant is the work and the account of one tenant.
type tenant[T comparable] struct {
	items   []arrival[T]
	spent   time.Duration // time used, and charged in advance
	usual   time.Duration // the time that its last work took
	ended   time.Time     // when its last work ended
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
	// keepsCredit is the longest pause after which a tenant keeps its account, as one that always had work: it
	// may be served before others until it has used as much time, but no more than maxDebt.
	keepsCredit = 100 * time.Millisecond
)

func newQueue[T comparable](limits Limits) queue[T] {
	return queue[T]{limits: limits, tenants: map[int64]*tenant[T]{}}
}

// push adds work of a tenant, or returns ErrFull or ErrShareFull.
func (q *queue[T]) push(number int64, item T) error {
	if q.waiting >= q.limits.Total {
		return ErrFull
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

// tenant returns the entry of a tenant. A tenant without work starts with the used time of the
// tenant that was served last, or with its own if that is more, or if it had work a moment ago.
func (q *queue[T]) tenant(number int64) *tenant[T] {
	t := q.tenants[number]
	if t == nil {
		q.sweep()
		t = &tenant[T]{usual: leastCharge}
		q.tenants[number] = t
	}
	if len(t.items) == 0 && t.running == 0 {
		since := q.clock
		if time.Since(t.ended) < keepsCredit {
			since -= maxDebt
		}
		t.spent = max(t.spent, since)
	}
	return t
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
	item, tk = q.take(number)
	return item, tk, true
}

// take removes the next work of a tenant, and charges for it.
func (q *queue[T]) take(number int64) (T, ticket) {
	t := q.tenants[number]
	item := t.items[0].item
	t.items = t.items[1:]
	q.waiting--
	return item, q.start(number)
}

// lastEnd returns when the work of a tenant has ended last that has none now, and has used less time than another.
func (q *queue[T]) lastEnd(than *tenant[T]) (end time.Time) {
	for _, t := range q.tenants {
		if len(t.items) == 0 && t.running == 0 && t.spent < than.spent && t.ended.After(end) {
			end = t.ended
		}
	}
	return end
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
	t.usual, t.ended = max(took, leastCharge), time.Now()
	if q.waiting == 0 && q.running == 0 {
		q.clock = 0
		clear(q.tenants)
	}
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
