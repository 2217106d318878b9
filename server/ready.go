package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/client"
)

const (
	probeEvery   = time.Second     // at most one probe a second, however many ask
	probeTimeout = 5 * time.Second // how long one may take until the server counts as not ready
)

// readiness finds out whether the database answers and takes writes, by making
// one. While a probe hangs no other is made, so hanging ones do not pile up. It
// is safe for concurrent use.
type readiness struct {
	probe func(context.Context) error

	mu    sync.Mutex
	done  chan struct{} // closed when the last probe ended; nil: there was none
	ended time.Time     // when; zero while it is under way
	err   error
}

var errProbeHangs = errors.New("a write is not done after " + probeTimeout.String())

// check returns the error of a probe that is at most a second old.
func (r *readiness) check(ctx context.Context) error {
	patience := time.NewTimer(probeTimeout)
	defer patience.Stop()
	select {
	case <-r.start(ctx):
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.err
	case <-patience.C:
		return errProbeHangs
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start returns what is closed once there is a fresh result.
func (r *readiness) start(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done != nil && (r.ended.IsZero() || time.Since(r.ended) < probeEvery) {
		return r.done
	}
	done := make(chan struct{})
	r.done, r.ended = done, time.Time{}
	go func() {
		// Others wait for the result too, so it outlives the request.
		err := r.probe(context.WithoutCancel(ctx))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err, r.ended = err, time.Now()
		close(done)
	}()
	return done
}

// probe reads and writes.
func (s *Server) probe(ctx context.Context) error {
	reading, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := s.store.Ready(reading); err != nil {
		return err
	}
	return s.store.Probe(ctx)
}

// readyz answers GET /readyz: the database answers and takes writes.
func (s *Server) readyz(rq *request) (*render.Response, error) {
	if s.proxies.hidesClients(rq.Request) {
		rq.w.Header().Set(client.ForwardedHeader, "none") // crmkit doctor looks for it
	}
	if err := s.ready.check(rq.Context()); err != nil {
		s.opts.Log.Error("not ready", "error", err)
		return nil, &crm.Error{Code: crm.NotReady, Hint: "the database does not answer or takes no writes; try again in a moment. Whoever runs this server finds why in its log, and with crmkit doctor.", RetryAfter: time.Second}
	}
	return status("ready"), nil
}
