package edge

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	probeEvery = time.Second // at most one probe a second, however many ask

	// ProbeTimeout is how long a probe may take until the server is not ready.
	ProbeTimeout = 5 * time.Second
)

// Readiness finds out whether the database answers and takes writes, by making one. While a
// probe hangs no other is made, so that hanging probes do not pile up. It is safe for
// concurrent use.
type Readiness struct {
	probe func(context.Context) error

	mu    sync.Mutex
	done  chan struct{} // closed when the last probe ended; nil before the first
	ended time.Time     // of the last probe; zero while it is under way
	err   error
}

// NewReadiness returns a Readiness that probes with the function.
func NewReadiness(probe func(context.Context) error) *Readiness { return &Readiness{probe: probe} }

var errProbeHangs = errors.New("a write is not done after " + ProbeTimeout.String())

// Check returns the error of a probe that is at most a second old.
func (r *Readiness) Check(ctx context.Context) error {
	timeout := time.NewTimer(ProbeTimeout)
	defer timeout.Stop()
	select {
	case <-r.start(ctx):
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.err
	case <-timeout.C:
		return errProbeHangs
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start returns a channel that is closed once there is a fresh result.
func (r *Readiness) start(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done != nil && (r.ended.IsZero() || time.Since(r.ended) < probeEvery) {
		return r.done
	}
	done := make(chan struct{})
	r.done, r.ended = done, time.Time{}
	go func() {
		// Other requests wait for the result too, so the probe outlives this one.
		err := r.probe(context.WithoutCancel(ctx))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err, r.ended = err, time.Now()
		close(done)
	}()
	return done
}
