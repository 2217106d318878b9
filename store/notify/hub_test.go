package notify

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"
)

// run runs a hub until the test ends.
func run(t *testing.T, ends func(context.Context, []int64) (map[int64]int64, error)) *Hub {
	t.Helper()
	stop, ended := make(chan struct{}), make(chan struct{})
	h := New(Options{Ends: ends, Stop: stop, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	go func() { defer close(ended); h.Run() }()
	t.Cleanup(func() { close(stop); <-ended })
	return h
}

// woken reports whether a waiter is woken within a time.
func woken(w *Waiter, within time.Duration) bool {
	select {
	case <-w.C:
		return true
	default: // of two that are ready, select takes either
	}
	select {
	case <-w.C:
		return true
	case <-time.After(within):
		return false
	}
}

// TestOnlyTheWorkspaceIsWoken changes one workspace: all its waiters are woken, once, and no others.
func TestOnlyTheWorkspaceIsWoken(t *testing.T) {
	h := run(t, nil)
	a, b, other := h.Wait(1), h.Wait(1), h.Wait(2)
	h.Changed(1)
	if !woken(a, 5*time.Second) || !woken(b, 5*time.Second) || woken(other, 100*time.Millisecond) || woken(a, 0) {
		t.Error("the waiters of the workspace, and only they, must be woken once")
	}
	a.Stop()
	b.Stop()
	h.Changed(1)
	if other.Stop(); h.Waiting() != 0 {
		t.Errorf("%d wait", h.Waiting())
	}
}

// TestNoWakeIsLost changes a workspace just after each waiter began to wait.
func TestNoWakeIsLost(t *testing.T) {
	h := run(t, nil)
	for i := range 20 {
		w := h.Wait(7)
		h.Changed(7)
		if !woken(w, 5*time.Second) {
			t.Fatalf("waiter %d is not woken", i)
		}
		w.Stop()
	}
}

// TestOtherServersWake polls the ends of logs: a log that goes on, or is deleted, wakes; one that stays,
// and one that cannot be asked, do not.
func TestOtherServersWake(t *testing.T) {
	ends := make(chan map[int64]int64, 1)
	h := New(Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Ends: func(context.Context, []int64) (map[int64]int64, error) {
		if e := <-ends; e != nil {
			return e, nil
		}
		return nil, errors.New("no connection")
	}})
	w := h.Wait(1)
	defer w.Stop()
	for i, step := range []struct {
		ends  map[int64]int64
		wakes bool
	}{{map[int64]int64{1: 5}, true}, {map[int64]int64{1: 5}, false}, {nil, false}, {map[int64]int64{1: 6}, true}, {map[int64]int64{}, true}, {map[int64]int64{}, false}} {
		ends <- step.ends
		h.poll(t.Context())
		if h.wake(); woken(w, 0) != step.wakes {
			t.Errorf("step %d: it must be %v that it wakes", i, step.wakes)
		}
	}
}

// TestGoneBeforeTheFirstPoll deletes a workspace between the read of a reader and the first poll for it.
func TestGoneBeforeTheFirstPoll(t *testing.T) {
	h := New(Options{Ends: func(context.Context, []int64) (map[int64]int64, error) { return nil, nil }})
	w := h.Wait(1)
	defer w.Stop()
	h.poll(t.Context())
	if h.wake(); !woken(w, 0) {
		t.Error("the reader is not woken")
	}
}
