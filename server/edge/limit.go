package edge

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

// Limiter holds each key, like the id of a token or the network of a client, to a rate of
// requests. It remembers at most 20,000 keys. A bucket that is full again is worth no more
// than a new one, and the longer one still needs, the more it is worth, so a full table
// forgets the key that is nearest to recovery. A key at its limit is forgotten only for a
// new one while all others are as far from recovery: a flood of keys with one request each
// drives out its own keys. Least recently used order would let the flood drive out the
// limited key, which would then have its whole burst again.
//
// A nil *Limiter allows everything. A Limiter is safe for concurrent use.
type Limiter struct {
	limit rate.Limit
	burst int

	mu     sync.Mutex
	latest time.Time // the latest time seen
	keys   map[string]*bucket
	order  recovery
}

// NewLimiter allows each key perSecond requests a second on average and four
// times as many at once. It returns nil for 0.
func NewLimiter(perSecond int) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	return &Limiter{limit: rate.Limit(perSecond), burst: burstSeconds * perSecond, keys: map[string]*bucket{}}
}

// Take counts a request of the key and returns 0, or counts nothing and returns
// how long from now one request would be allowed. A time before the latest one
// seen is taken as the latest one, so that callers that overtake each other on the way to
// the lock earn nothing. A clock that may be set back needs a monotonic reading.
func (l *Limiter) Take(key string, now time.Time) (wait time.Duration) {
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

// add makes a bucket. In a full table it replaces the one nearest to recovery.
func (l *Limiter) add(key string) *bucket {
	if len(l.order) >= maxLimited {
		oldest := heap.Pop(&l.order).(*bucket)
		delete(l.keys, oldest.key)
	}
	b := &bucket{key: key, tokens: rate.NewLimiter(l.limit, l.burst)}
	l.keys[key] = b
	heap.Push(&l.order, b)
	return b
}

// earn returns how long it takes until so many requests are allowed again. It rounds up:
// a client that waits a nanosecond less may be refused again.
func (l *Limiter) earn(requests float64) time.Duration {
	return time.Duration(math.Ceil(requests / float64(l.limit) * float64(time.Second)))
}

// bucket is the limiter of one key.
type bucket struct {
	key    string
	tokens *rate.Limiter
	full   time.Time // when the burst is recovered
	place  int       // in the heap
}

// recovery is a heap of buckets; the one that is full first is at its root.
type recovery []*bucket

// Len, Less, Swap, Push and Pop implement heap.Interface.
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
