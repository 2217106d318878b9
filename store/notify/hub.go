// Package notify wakes requests that wait until a workspace changes.
//
// A server has one Hub. The writer tells it which workspaces have changed, and does not wait for those
// that are woken. In a shared database other servers write too, so once a second one statement asks how
// far the logs of the workspaces have come for which somebody waits. No request asks by itself.
//
// A Waiter learns that something has happened, not what: it reads the log from where it was. It may be
// woken in vain, and is never not woken.
package notify

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options say where a Hub learns of changes.
type Options struct {
	// Ends returns the numbers of the last entries in the logs of workspaces, by workspace. Nil: only
	// this process writes.
	Ends func(ctx context.Context, workspaces []int64) (map[int64]int64, error)
	Log  *slog.Logger
	Stop <-chan struct{} // ends Run
}

// How often a Hub asks, and how long it waits after it woke somebody, so that a workspace with many
// writes does not wake its readers for each. The pause grows with those that were woken, since each of
// them reads: a thousand read twice a second at most.
const (
	pollEvery = time.Second
	wakePause = 50 * time.Millisecond
	pauseEach = 500 * time.Microsecond
	maxPause  = time.Second
)

// Hub wakes waiters. It is safe for concurrent use.
type Hub struct {
	opts Options
	kick chan struct{} // changed is not empty

	mu      sync.Mutex
	waiters map[int64]map[*Waiter]struct{} // by workspace
	changed map[int64]struct{}             // workspaces whose waiters are to be woken
	ends    map[int64]int64                // of the last poll

	failing bool // the last poll failed; only Run uses it
}

// New returns a Hub that wakes nobody before Run.
func New(opts Options) *Hub {
	return &Hub{opts: opts, kick: make(chan struct{}, 1), waiters: map[int64]map[*Waiter]struct{}{}, changed: map[int64]struct{}{}, ends: map[int64]int64{}}
}

// Waiter waits for changes of a workspace.
type Waiter struct {
	C <-chan struct{} // receives after a change

	c         chan struct{}
	hub       *Hub
	workspace int64
}

// Wait begins to wait. What is committed from now on wakes the waiter, so a reader calls it before it
// reads. Stop must be called.
func (h *Hub) Wait(workspace int64) *Waiter {
	c := make(chan struct{}, 1)
	w := &Waiter{C: c, c: c, hub: h, workspace: workspace}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters[workspace] == nil {
		h.waiters[workspace] = map[*Waiter]struct{}{}
	}
	h.waiters[workspace][w] = struct{}{}
	return w
}

// Stop ends the waiting.
func (w *Waiter) Stop() {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiters[w.workspace], w)
	if len(h.waiters[w.workspace]) == 0 {
		delete(h.waiters, w.workspace)
		delete(h.ends, w.workspace)
	}
}

// Changed notes that a workspace has changed. It returns at once.
func (h *Hub) Changed(workspace int64) {
	h.mu.Lock()
	waited := len(h.waiters[workspace]) > 0
	if waited {
		h.changed[workspace] = struct{}{}
	}
	h.mu.Unlock()
	if waited {
		select {
		case h.kick <- struct{}{}:
		default:
		}
	}
}

// Waiting returns how many waiters there are.
func (h *Hub) Waiting() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.waiters {
		n += len(list)
	}
	return n
}

// Run wakes waiters until Options.Stop.
func (h *Hub) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends a poll that waits for the database
		select {
		case <-h.opts.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	if h.opts.Ends == nil {
		tick.Stop()
	}
	for {
		select {
		case <-h.kick:
		case <-tick.C:
			h.poll(ctx)
		case <-h.opts.Stop:
			return
		}
		woken := h.wake()
		if woken == 0 {
			continue
		}
		select {
		case <-time.After(min(wakePause+time.Duration(woken)*pauseEach, maxPause)):
		case <-h.opts.Stop:
			return
		}
	}
}

// wake wakes the waiters of the workspaces that have changed, and returns how many these are.
func (h *Hub) wake() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for workspace := range h.changed {
		for w := range h.waiters[workspace] {
			n++
			select {
			case w.c <- struct{}{}:
			default: // it has not taken the last one yet, and reads after it did
			}
		}
	}
	clear(h.changed)
	return n
}

// poll asks how far the logs have come for which somebody waits. Where it asks for the first time it does
// not know what the waiters have read, and wakes them. A poll that fails leaves what the last one found,
// so the next one sees what has changed since. The log has the first of several faults only.
func (h *Hub) poll(ctx context.Context) {
	h.mu.Lock()
	asked := slices.Collect(maps.Keys(h.waiters))
	h.mu.Unlock()
	if len(asked) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*pollEvery)
	defer cancel()
	ends, err := h.opts.Ends(ctx, asked)
	if err != nil && !h.failing && ctx.Err() != context.Canceled {
		h.opts.Log.Warn("it is not known which workspaces other servers have changed", "error", err)
	}
	if h.failing = err != nil; h.failing {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, workspace := range asked {
		if len(h.waiters[workspace]) == 0 {
			continue
		}
		end, there := ends[workspace]
		if !there {
			end = deleted
		}
		if last, known := h.ends[workspace]; !known || last != end {
			h.ends[workspace] = end
			h.changed[workspace] = struct{}{}
		}
	}
}

// deleted is the end of the log of a workspace that is not there any more.
const deleted = -1
