package fair

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"
)

func newTestTurns() *Turns { return NewTurns(4, Limits{100, 50}, 10*time.Second) }

// TestOneTenantCannotHoldAllTurns takes turns for one tenant until it must wait. One place is left
// for another tenant, and while that is active the first gets no further turn.
func TestOneTenantCannotHoldAllTurns(t *testing.T) {
	turns := newTestTurns()
	held := 0
	for ; turns.may(1); held++ {
		end, err := turns.Take(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
	}
	if held != turns.Places()-1 {
		t.Errorf("a tenant alone may hold %d of %d turns", held, turns.Places())
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := turns.Take(ctx, 1)
		waiting <- err
	}()
	for turns.Waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	end, err := turns.Take(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if turns.may(1) {
		t.Error("a tenant who holds most turns may hold one more beside another")
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) || turns.Waiting() != 0 {
		t.Errorf("work that was given up ends with %v, and %d wait", err, turns.Waiting())
	}
}

// TestTurnsAreGivenBack has three tenants compete for turns, and some of their work is cancelled. At
// the end every place is free again.
func TestTurnsAreGivenBack(t *testing.T) {
	turns := newTestTurns()
	var done sync.WaitGroup
	for i := range 60 {
		done.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%3 == 0 {
				go cancel()
			}
			if end, err := turns.Take(ctx, int64(1+i%3)); err == nil {
				end()
			}
		})
	}
	done.Wait()
	if turns.free != turns.Places() || len(turns.held) != 0 || turns.queue.running != 0 || turns.queue.waiting != 0 {
		t.Errorf("in the end %d places are free, %v held, %d run, %d wait", turns.free, turns.held, turns.queue.running, turns.queue.waiting)
	}
}

// TestWaitingForATurnEnds checks ErrTimeout, for turns that are held longer than maxWait, and
// the limits on waiting work.
func TestWaitingForATurnEnds(t *testing.T) {
	turns := NewTurns(1, Limits{1, 1}, 20*time.Millisecond)
	end, err := turns.Take(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if _, err := turns.Take(t.Context(), 1); !errors.Is(err, ErrTimeout) {
		t.Errorf("work that waited too long ends with %v", err)
	}
	turns = NewTurns(1, Limits{1, 0}, time.Second)
	defer turns.end(turns.queue.start(1), 0)
	turns.hold(1)
	if _, err := turns.Take(t.Context(), 1); !errors.Is(err, ErrShareFull) {
		t.Errorf("work beyond the share ends with %v", err)
	}
	turns.queue.limits = Limits{0, 0}
	if _, err := turns.Take(t.Context(), 1); !errors.Is(err, ErrFull) {
		t.Errorf("work beyond all limits ends with %v", err)
	}
}

// TestBatches checks in which batches work is taken, and in which order after a batch of which
// only a part was done.
func TestBatches(t *testing.T) {
	b := NewBatches[string](Limits{10, 5})
	for tenant, items := range [][]string{{"a1", "a2", "alone", "a3"}, {"b1"}} {
		for _, item := range items {
			if err := b.Push(int64(tenant), item); err != nil {
				t.Fatal(err)
			}
		}
	}
	alone := func(item string) bool { return item == "alone" }
	took := func(string) time.Duration { return time.Millisecond }
	first := b.Take(10, alone)
	if len(first) != 3 || first[0] != "a1" {
		t.Fatalf("the first batch is %v", first)
	}
	b.Done(first[:1], first[1:], took)
	if b.Waiting() != 4 || len(b.taken) != 0 || len(b.Ready()) != 1 {
		t.Errorf("%d wait and %d are taken after part of a batch", b.Waiting(), len(b.taken))
	}
	order := []string{}
	for b.Waiting() > 0 {
		batch := b.Take(10, alone)
		for _, item := range batch {
			if item == "alone" && len(batch) > 1 {
				t.Errorf("it is not alone in %v", batch)
			}
			if item != "b1" {
				order = append(order, item)
			}
		}
		b.Done(batch, nil, took)
	}
	if len(order) != 3 || order[0] != "a2" || order[1] != "alone" || order[2] != "a3" {
		t.Errorf("the order is %v", order)
	}
	if err := b.Push(1, "gone"); err != nil || !b.Remove(1, "gone") || b.Remove(1, "gone") || len(b.Take(10, alone)) != 0 {
		t.Errorf("work that was removed is still there: %v", err)
	}
}

// TestVainTriesAreCharged puts back work that took time and was not done. Work of others has its turn then,
// and the work comes again.
func TestVainTriesAreCharged(t *testing.T) {
	b := NewBatches[string](Limits{10, 5})
	took := func(item string) time.Duration {
		if item == "vain" {
			return 100 * time.Millisecond
		}
		return 60 * time.Millisecond
	}
	var order []string
	for _, tenant := range []int64{1, 2, 2, 2, 2} {
		if err := b.Push(tenant, []string{"vain", "good"}[tenant-1]); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 {
		batch := b.Take(1, func(string) bool { return true })
		order = append(order, batch...)
		if batch[0] == "vain" {
			b.Done(nil, batch, took)
		} else {
			b.Done(batch, nil, took)
		}
	}
	if got := strings.Join(order, " "); got != "vain good good vain good good" {
		t.Errorf("the order is %s", got)
	}
}
