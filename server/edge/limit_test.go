package edge

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// noon is a time without monotonic reading, like that of any fake clock.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// spend takes for the key until it has to wait, and returns how many requests
// were allowed and how long the wait is.
func spend(l *Limiter, key string, now time.Time) (allowed int, wait time.Duration) {
	for wait = l.Take(key, now); wait == 0; wait = l.Take(key, now) {
		allowed++
	}
	return allowed, wait
}

// wantSpend checks how many requests of a key are allowed at once.
func wantSpend(t *testing.T, l *Limiter, key string, now time.Time, want int) {
	t.Helper()
	if allowed, _ := spend(l, key, now); allowed != want {
		t.Errorf("%s: %d requests allowed, want %d", key, allowed, want)
	}
}

func TestLimiterOff(t *testing.T) {
	l := NewLimiter(0)
	for range 10_000 {
		if wait := l.Take("tok_a", noon); l != nil || wait != 0 {
			t.Fatalf("NewLimiter(0) is %v and asks to wait %s", l, wait)
		}
	}
}

// TestLimiterRefill spends a burst, and then the requests that have become free. The library rounds
// in favour of the caller, so that a request may be a nanosecond early.
func TestLimiterRefill(t *testing.T) {
	for _, c := range []struct {
		perSecond int
		after     time.Duration // the burst was spent
		want      int
	}{
		{50, 0, 0},
		{50, 20*time.Millisecond - 2, 0},
		{50, 20 * time.Millisecond, 1},
		{50, 39 * time.Millisecond, 1},
		{50, time.Second, 50},
		{50, 4*time.Second - 2, 199},
		{50, 4 * time.Second, 200},
		{50, time.Hour, 200},
		{1, 999 * time.Millisecond, 0},
		{1, time.Second, 1},
		{1, 100 * time.Second, 4},
		{1000, time.Millisecond, 1},
	} {
		t.Run(fmt.Sprintf("%d/s after %s", c.perSecond, c.after), func(t *testing.T) {
			l := NewLimiter(c.perSecond)
			wantSpend(t, l, "tok_a", noon, 4*c.perSecond)
			wantSpend(t, l, "tok_a", noon.Add(c.after), c.want)
			wantSpend(t, l, "tok_b", noon.Add(c.after), 4*c.perSecond)
		})
	}
}

// TestLimiterWait checks that the wait is not too short, that it allows one request and not two,
// and that requests meanwhile do not make it longer.
func TestLimiterWait(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, perSecond := range []int{1, 3, 7, 50, 60, 999, 12_345} {
		l, now := NewLimiter(perSecond), noon
		for range 500 {
			_, wait := spend(l, "tok_a", now)
			if wait < 0 || wait > time.Second/time.Duration(perSecond)+time.Nanosecond {
				t.Fatalf("%d/s: wait %s", perSecond, wait)
			}
			early := now.Add(time.Duration(random.Int64N(int64(wait - 1))))
			if rest := l.Take("tok_a", early); rest == 0 || early.Add(rest).Sub(now.Add(wait)).Abs() > time.Nanosecond {
				t.Fatalf("%d/s: told to wait %s, and %s later %s", perSecond, wait, early.Sub(now), rest)
			}
			now = now.Add(wait)
			if again := l.Take("tok_a", now); again != 0 {
				t.Fatalf("%d/s: told to wait %s, then %s", perSecond, wait, again)
			}
			if l.Take("tok_a", now) == 0 {
				t.Fatalf("%d/s: two allowed after a wait of %s", perSecond, wait)
			}
			now = now.Add(time.Duration(random.Int64N(int64(100 * time.Millisecond))))
		}
	}
}

// TestLimiterLate checks that a caller with an older time than the latest gains nothing, and gets
// a wait from its own time.
func TestLimiterLate(t *testing.T) {
	l := NewLimiter(50)
	for range 199 {
		l.Take("tok_a", noon.Add(time.Second))
	}
	if wait := l.Take("tok_a", noon); wait != 0 {
		t.Errorf("the last of the burst waits %s", wait)
	}
	if wait := l.Take("tok_a", noon.Add(time.Second)); wait != 20*time.Millisecond {
		t.Errorf("after a late caller the wait is %s", wait)
	}
	if wait := l.Take("tok_a", noon); wait != time.Second+20*time.Millisecond {
		t.Errorf("a late caller waits %s", wait)
	}
}

// TestLimiterFlood checks that no number of fresh keys frees a limited one, and
// that the table stays bounded.
func TestLimiterFlood(t *testing.T) {
	l := NewLimiter(50)
	wantSpend(t, l, "tok_a", noon, 200)
	for i := range 100_000 {
		if wait := l.Take(strconv.Itoa(i), noon.Add(time.Second)); wait != 0 {
			t.Fatalf("fresh key %d waits %s", i, wait)
		}
	}
	wantSpend(t, l, "tok_a", noon.Add(time.Second), 50)
	if len(l.keys) != maxLimited || len(l.order) != maxLimited {
		t.Errorf("%d keys, %d in order", len(l.keys), len(l.order))
	}
}

// TestLimiterEqualDebt fills the table with keys that are all limited. The first of them is
// replaced by the 20,000th newer key, and by no earlier one.
func TestLimiterEqualDebt(t *testing.T) {
	l := NewLimiter(1)
	spend(l, "tok_a", noon)
	later := noon.Add(time.Millisecond)
	for i := range maxLimited - 1 {
		spend(l, strconv.Itoa(i), later)
	}
	wantSpend(t, l, "tok_a", later, 0)
	wantSpend(t, l, "one more", later, 4)
	if n := len(l.keys); n != maxLimited || l.keys["tok_a"] != nil || l.keys["0"] == nil {
		t.Errorf("%d keys; the one that owes least is there: %v", n, l.keys["tok_a"] != nil)
	}
}

// TestLimiterRecoveredGoFirst fills half the table with keys that recover and
// half with keys that still owe a request: the second half stays.
func TestLimiterRecoveredGoFirst(t *testing.T) {
	l, half := NewLimiter(1), maxLimited/2
	for i := range half {
		spend(l, fmt.Sprint("old ", i), noon)
	}
	later := noon.Add(4 * time.Second)
	for i := range half {
		l.Take(fmt.Sprint("new ", i), later)
	}
	for i := range half {
		l.Take(fmt.Sprint("newer ", i), later)
	}
	for i := range half {
		wantSpend(t, l, fmt.Sprint("new ", i), later, 3)
		wantSpend(t, l, fmt.Sprint("newer ", i), later, 3)
	}
}

// TestLimiterConcurrent spends the same keys from many callers while a clock runs and new keys
// replace each other. No key gets more than burst and refill.
func TestLimiterConcurrent(t *testing.T) {
	const callers, turns = 16, 5_000
	l := NewLimiter(50)
	var elapsed, fresh atomic.Int64 // the clock in microseconds
	var allowed [3]atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range turns {
				now := noon.Add(time.Duration(elapsed.Add(25)) * time.Microsecond)
				if i%2 == 0 {
					l.Take(strconv.FormatInt(fresh.Add(1), 10), now)
				}
				if l.Take(strconv.Itoa(-1-i%len(allowed)), now) == 0 {
					allowed[i%len(allowed)].Add(1)
				}
			}
		})
	}
	wg.Wait()
	took := time.Duration(elapsed.Load()) * time.Microsecond // two seconds
	for i := range allowed {
		if n, want := allowed[i].Load(), 200+int64(50*took.Seconds()); n < want-1 || n > want {
			t.Errorf("key %d: %d requests in %s, want %d", i, n, took, want)
		}
	}
	if len(l.keys) != maxLimited || len(l.order) != maxLimited {
		t.Errorf("%d keys, %d in order", len(l.keys), len(l.order))
	}
}

// BenchmarkLimiter measures Take on all processors at once: with one key, and with new keys while
// the table is full.
func BenchmarkLimiter(b *testing.B) {
	b.Run("hot", func(b *testing.B) {
		l := NewLimiter(1_000_000_000)
		for i := range maxLimited {
			l.Take(strconv.Itoa(i), time.Now())
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.Take("tok_a", time.Now())
			}
		})
	})
	b.Run("fresh", func(b *testing.B) {
		l := NewLimiter(50)
		var fresh atomic.Int64
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.Take(strconv.FormatInt(fresh.Add(1), 10), time.Now())
			}
		})
	})
}
