package feed

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestGate sends many readers of several users through a gate: never more than a few of each are in it, and
// at the end it knows nobody.
func TestGate(t *testing.T) {
	g := newGate()
	var inside [3]atomic.Int64
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			user := i % 3
			leave, err := g.enter(t.Context(), string(rune('a'+user)))
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside[user].Add(1); n > readAtOnceEach {
				t.Errorf("%d of one user read at once", n)
			}
			time.Sleep(100 * time.Microsecond)
			inside[user].Add(-1)
			leave()
		})
	}
	all.Wait()
	if len(g.users) != 0 || len(g.all) != 0 {
		t.Errorf("%d users are left, %d places taken", len(g.users), len(g.all))
	}
}

// TestGateGivesUp has a reader whose client goes away while it waits, with and without a place of its user.
func TestGateGivesUp(t *testing.T) {
	for _, full := range []int{readAtOnceEach, readAtOnce} {
		g := newGate()
		var leaves []func()
		for i := range full {
			leave, err := g.enter(t.Context(), string(rune('a'+i/readAtOnceEach)))
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		user := "a"
		if full == readAtOnce {
			user = "z"
		}
		if _, err := g.enter(ctx, user); err == nil {
			t.Error("there was room")
		}
		cancel()
		for _, leave := range leaves {
			leave()
		}
		if len(g.users) != 0 || len(g.all) != 0 {
			t.Errorf("%d users are left, %d places taken", len(g.users), len(g.all))
		}
	}
}
