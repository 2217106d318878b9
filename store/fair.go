package store

import (
	"slices"
	"time"

	"crmkit/crm"
)

// fairQueue holds work that waits, and shares the time of what does it among the
// tenants (start-time fair queuing: Goyal, Vin, Cheng, SIGCOMM 1996). Each tenant has a
// queue of its own. The next one to be served is that which has used the least
// time; one that comes back after a pause begins where the others are, so a pause earns
// nothing. Work is charged with what the last work of its tenant took, and corrected
// when it is done. A fairQueue is not safe for concurrent use.
type fairQueue[T comparable] struct {
	limit, share int // how many may wait: in all, and of one tenant
	waiting      int
	running      int
	clock        time.Duration // the time used by the tenant that was served last
	arrivals     int64
	tenants      map[int64]*tenant[T]
}

// tenantOf returns the tenant whose share the work of an actor takes: the user, in whatever
// workspaces, so that more workspaces give nobody a larger share, and nobody's colleagues
// wait for all that one of them does. What no user asked for is the workspace's own.
func tenantOf(actor crm.Actor) int64 {
	if actor.User != 0 {
		return actor.User
	}
	return -actor.Workspace
}

// tenant is one of those who share a fairQueue.
type tenant[T comparable] struct {
	items   []arrival[T]
	spent   time.Duration // used, and charged in advance
	usual   time.Duration // what its work took lately
	running int
}

type arrival[T comparable] struct {
	item   T
	number int64
}

// ticket is what work that was begun must be finished with.
type ticket struct {
	tenant  int64
	charged time.Duration
}

const (
	// leastCharge is what work costs of which nothing is known, so that a tenant
	// cannot begin any number of jobs at once.
	leastCharge = 50 * time.Microsecond
	// maxDebt bounds how far a tenant can fall behind the others, so that one
	// which did a lot of work while it was alone is served again soon.
	maxDebt = 2 * time.Second
)

func newFairQueue[T comparable](limit, share int) fairQueue[T] {
	return fairQueue[T]{limit: limit, share: share, tenants: map[int64]*tenant[T]{}}
}

// push adds work of a tenant. It refuses what is beyond a limit.
func (q *fairQueue[T]) push(number int64, item T) error {
	if q.waiting >= q.limit {
		return &crm.Error{Code: crm.NotReady, RetryAfter: retryAfter, Hint: "the server has more requests waiting than it takes; nothing was done. Send it again in a moment."}
	}
	t := q.tenant(number)
	if len(t.items) >= q.share {
		err := crm.Errorf(crm.RateLimited, "%d requests of yours wait already; nothing was done. Wait for answers before you send more.", q.share)
		err.RetryAfter = retryAfter
		return err
	}
	q.arrivals++
	q.waiting++
	t.items = append(t.items, arrival[T]{item, q.arrivals})
	return nil
}

// tenant returns the tenant's entry, which starts level with the others.
func (q *fairQueue[T]) tenant(number int64) *tenant[T] {
	t := q.tenants[number]
	if t == nil {
		q.sweep()
		t = &tenant[T]{usual: leastCharge}
		q.tenants[number] = t
	}
	if len(t.items) == 0 && t.running == 0 {
		t.spent = max(t.spent, q.clock)
	}
	return t
}

// sweep forgets tenants that have nothing to do and no debt, when there are many.
func (q *fairQueue[T]) sweep() {
	if len(q.tenants) < 2*q.limit {
		return
	}
	for number, t := range q.tenants {
		if len(t.items) == 0 && t.running == 0 {
			delete(q.tenants, number)
		}
	}
}

// pop takes the next work of the tenants that may be served, and charges for it.
func (q *fairQueue[T]) pop(may func(number int64) bool) (item T, tk ticket, found bool) {
	var next *tenant[T]
	for number, t := range q.tenants {
		if len(t.items) > 0 && (next == nil || t.before(next)) && may(number) {
			tk.tenant, next = number, t
		}
	}
	if next == nil {
		return item, tk, false
	}
	item = next.items[0].item
	next.items = next.items[1:]
	q.waiting--
	return item, q.start(tk.tenant), true
}

// start charges a tenant for work that begins.
func (q *fairQueue[T]) start(number int64) ticket {
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
func (q *fairQueue[T]) finish(tk ticket, took time.Duration) {
	t := q.tenants[tk.tenant]
	q.running--
	t.running--
	t.spent = min(t.spent-tk.charged+took, q.clock+maxDebt)
	t.usual = max(took, leastCharge)
	if q.waiting == 0 && q.running == 0 {
		q.clock = 0
		clear(q.tenants)
	}
}

// unpop puts work back that was taken last and did not begin.
func (q *fairQueue[T]) unpop(tk ticket, item T) {
	t := q.tenants[tk.tenant]
	q.running--
	q.waiting++
	t.running--
	t.spent -= tk.charged
	t.items = slices.Insert(t.items, 0, arrival[T]{item, 0})
}

// remove takes work out that nobody waits for any more; false: it has begun.
func (q *fairQueue[T]) remove(number int64, item T) bool {
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
