package owner

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"crmkit/server"
	"crmkit/store"
)

// The limits of a connection to the socket. Handlers of requests that may take longer extend
// the deadlines.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
	drainTimeout      = 5 * time.Second // for the requests under way when an owner ends
)

// ending is why an owner ends.
type ending int

const (
	closing     ending = iota // the process ends
	handingOver               // a server takes over
)

// ownership is the file while this process owns it.
type ownership struct {
	session   *Session
	store     *store.Store
	api       func() (http.Handler, error) // made at the first request
	http      *http.Server                 // on the socket; nil: no socket could be made, or the role is Brief
	socket    string                       // its path; empty: no socket was made
	ending    chan struct{}                // closed when it takes no more requests of other processes
	ended     chan struct{}                // closed when the lock is free
	requests  sync.WaitGroup               // of this process
	stopping  sync.Once
	handsOver atomic.Bool   // to a server
	stopped   chan struct{} // closed when no request of another process is under way
}

// newOwnership begins to answer other processes, unless the role is Brief. Without a socket,
// as on a file system that has none, the owner works on alone.
func newOwnership(s *Session, st *store.Store) *ownership {
	o := &ownership{session: s, store: st, ending: make(chan struct{}), ended: make(chan struct{}), stopped: make(chan struct{})}
	o.api = sync.OnceValues(func() (http.Handler, error) {
		return server.New(server.Options{Store: st, Log: s.opts.Log, Local: true, Version: s.opts.Version, Unwatched: true})
	})
	if s.opts.Role == Brief {
		return o
	}
	l, err := listen(s.opts.Path)
	if err != nil {
		s.opts.Log.Warn("no socket could be made beside the database: other processes cannot work on it", "error", err)
		return o
	}
	o.socket = l.name
	o.http = &http.Server{Handler: o, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelWarn)}
	go func() {
		if err := o.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.opts.Log.Error("the socket beside the database failed", "error", err)
		}
	}()
	return o
}

// stop answers the processes that watch, takes no more requests of others, and lets those
// under way finish for drainTimeout. It returns at once, and may be called again.
func (o *ownership) stop(why ending) {
	o.stopping.Do(func() {
		o.handsOver.Store(why == handingOver)
		close(o.ending)
		go func() {
			defer close(o.stopped)
			if o.http == nil {
				return
			}
			drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
			defer cancel()
			if o.http.Shutdown(drain) != nil {
				_ = o.http.Close()
			}
		}()
	})
}

// end stops, then removes the socket, then closes the file, which releases the lock. In this
// order nobody removes the socket of the next owner.
func (o *ownership) end(why ending) error {
	o.stop(why)
	<-o.stopped
	o.wait()
	var errs []error
	if o.socket != "" {
		errs = append(errs, removeIfExists(o.socket))
	}
	errs = append(errs, o.store.Close())
	close(o.ended)
	return errors.Join(errs...)
}

// wait waits for the requests of this process, for at most drainTimeout.
func (o *ownership) wait() {
	done := make(chan struct{})
	go func() {
		o.requests.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(drainTimeout):
	}
}
