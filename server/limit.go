package server

import (
	"container/heap"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// burstSeconds is how many seconds' worth of requests may come at once, and
	// so how long a limiter that gave them all takes to recover.
	burstSeconds = 4
	// maxLimited bounds the table of limiters; 20,000 were measured to take 4.5 MB.
	maxLimited = 20_000
)

// limiter holds every key, the id of a token or the network of a client, to a
// rate of requests. It remembers at most 20,000 keys. One that has recovered its
// burst is worth no more than a fresh one, and the longer it still needs, the
// more it is worth, so a full table gives up the key nearest to recovery. A
// limited key is forgotten only for a fresh one while all others owe as much: a
// flood of keys with a request each drives out its own, where an order by last
// use would let it drive out the limited key and so return the burst.
// A nil *limiter allows everything. A limiter is safe for concurrent use.
type limiter struct {
	limit rate.Limit
	burst int

	mu     sync.Mutex
	latest time.Time // no request counts as earlier
	keys   map[string]*bucket
	order  recovery
}

// newLimiter allows each key perSecond requests a second on average and four
// times as many at once. It returns nil for 0.
func newLimiter(perSecond int) *limiter {
	if perSecond <= 0 {
		return nil
	}
	return &limiter{limit: rate.Limit(perSecond), burst: burstSeconds * perSecond, keys: map[string]*bucket{}}
}

// take counts a request of the key and returns 0, or counts nothing and returns
// how long from now one request would be allowed. A now before the latest one
// seen counts as that, so that callers who overtake each other on the way to the
// lock earn nothing; a clock that may be set back needs a monotonic reading.
func (l *limiter) take(key string, now time.Time) (wait time.Duration) {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.After(l.latest) {
		l.latest = now
	}
	b := l.keys[key]
	if b == nil {
		b = l.add(key)
	}
	if !b.tokens.AllowN(l.latest, 1) {
		return l.earn(1-b.tokens.TokensAt(l.latest)) + l.latest.Sub(now)
	}
	b.full = l.latest.Add(l.earn(float64(l.burst) - b.tokens.TokensAt(l.latest)))
	heap.Fix(&l.order, b.place)
	return 0
}

// add makes a bucket, if need be in the place of the one nearest to recovery.
func (l *limiter) add(key string) *bucket {
	if len(l.order) >= maxLimited {
		gone := heap.Pop(&l.order).(*bucket)
		delete(l.keys, gone.key)
	}
	b := &bucket{key: key, tokens: rate.NewLimiter(l.limit, l.burst)}
	l.keys[key] = b
	heap.Push(&l.order, b)
	return b
}

// earn returns how long so many requests take to be earned, rounded up, since who
// waits a nanosecond less than that may be refused again.
func (l *limiter) earn(requests float64) time.Duration {
	return time.Duration(math.Ceil(requests / float64(l.limit) * float64(time.Second)))
}

// bucket is the limiter of one key.
type bucket struct {
	key    string
	tokens *rate.Limiter
	full   time.Time // when the burst is recovered
	place  int       // in the order
}

// recovery is a heap of buckets, that which is full first at its root.
type recovery []*bucket

// Len, Less, Swap, Push and Pop are what container/heap works with.
func (r recovery) Len() int           { return len(r) }
func (r recovery) Less(i, j int) bool { return r[i].full.Before(r[j].full) }

func (r recovery) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].place, r[j].place = i, j
}

func (r *recovery) Push(b any) {
	b.(*bucket).place = len(*r)
	*r = append(*r, b.(*bucket))
}

func (r *recovery) Pop() any {
	last := len(*r) - 1
	b := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return b
}
