package edge

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits of a connection. They keep slow or greedy clients from holding memory and
// goroutines.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10

	// WriteTimeout is how long a client may take to accept an answer.
	WriteTimeout = 60 * time.Second

	// DrainTimeout is how long requests under way may take when the server stops. It leaves
	// four of the ten seconds that a stop may take to mails and the store.
	DrainTimeout = 6 * time.Second
)

// NewServer returns an HTTP server with the limits of a connection.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,

		DisableGeneralOptionsHandler: true, // the handler answers OPTIONS * as well

		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// Serve answers requests on the listener until the context ends, then lets those under way
// finish within DrainTimeout.
func Serve(ctx context.Context, h *http.Server, l net.Listener) error {
	ended := make(chan error, 1)
	go func() {
		if h.TLSConfig != nil {
			ended <- h.ServeTLS(l, "", "") // with the certificates of TLSConfig
			return
		}
		ended <- h.Serve(l)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTimeout)
	defer cancel()
	if err := h.Shutdown(drain); err != nil {
		return h.Close()
	}
	return nil
}

// EndRead lifts the read deadline of a request that is read to its end. net/http goes on
// reading from the connection while the request is worked on, to notice a client that goes
// away. A deadline that this reading meets ends the context of the request and those of all
// later requests of the connection, so none is left. net/http sets one for the time between
// requests, and one for the next request. Where a body is not read to its end the deadline
// stays: net/http reads the rest of it behind the answer, and must not wait for it.
func EndRead(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a writer without deadlines needs none
}
