package server

import (
	"context"
	"crypto/subtle"
	"net"
	"net/http"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/client"
	"crmkit/server/edge"
	"crmkit/server/web"
	"crmkit/store"
)

// metricsText returns the metrics in the text format of Prometheus. Some are counted where they
// happen; those of the store, of sign-ins, mails and backups are read now.
func (s *Server) metricsText() string {
	s.metrics.Store(s.store.Stats())
	s.metrics.Auth(s.auth.Stats())
	if s.opts.Mail != nil {
		s.metrics.Mail(s.opts.Mail.Stats())
	}
	if s.opts.LastBackup != nil {
		if at := s.opts.LastBackup(); !at.IsZero() {
			s.metrics.Backup(at)
		}
	}
	return s.metrics.Text()
}

// metricsPage answers GET /metrics to a client that sends the token of --metrics-token, else
// auth_required, and not_found if that is not set. The hashes are compared, in constant
// time, so that neither the token nor its length can be measured.
func (s *Server) metricsPage(rq *web.Request) (*render.Response, error) {
	if s.opts.MetricsToken == "" {
		return nil, crm.Errorf(crm.NotFound, "metrics are off on this server. Only its operator can turn them on: with --metrics-token, which is then the bearer token of this path, or with --metrics-listen.")
	}
	sent := auth.Hash(auth.Bearer(rq.Header.Get("Authorization")))
	if subtle.ConstantTimeCompare([]byte(sent), []byte(auth.Hash(s.opts.MetricsToken))) != 1 {
		return nil, crm.Errorf(crm.AuthRequired, "send the header Authorization: Bearer <the --metrics-token of this server>.")
	}
	return &render.Response{Raw: &render.Raw{Type: edge.MetricsType, Body: s.metricsText()}}, nil
}

// ServeMetrics answers GET /metrics and nothing else, to every client of the listener, until
// the context ends. It needs no token: the operator chooses the address.
func (s *Server) ServeMetrics(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", edge.MetricsType)
		_, _ = w.Write([]byte(s.metricsText()))
	})
	return edge.Serve(ctx, edge.NewServer(mux, s.opts.Log), l)
}

// probe reads from the database and writes to it, since a disk that is full still reads. The
// read has a time limit of its own.
func (s *Server) probe(ctx context.Context) error {
	reading, cancel := context.WithTimeout(ctx, edge.ProbeTimeout)
	defer cancel()
	if err := s.store.Ready(reading); err != nil {
		return err
	}
	return s.store.Probe(ctx)
}

// readyz answers GET /readyz: the database answers and takes writes. The error is not_ready; its
// cause is in the log only, since anybody may call this route, unless this server must not use its
// database any more.
func (s *Server) readyz(rq *web.Request) (*render.Response, error) {
	// Behind this proxy all clients share one address, and so the limits of one client.
	if s.proxies.HidesClient(rq.Request) {
		rq.Writer.Header().Set(client.ForwardedHeader, "none") // crmkit doctor looks for it
	}
	if err := s.ready.Check(rq.Context()); err != nil {
		s.opts.Log.Error("not ready", "error", err)
		if store.Refused(err) {
			return nil, err
		}
		return nil, &crm.Error{Code: crm.NotReady, Hint: "the database cannot be read or written; try again in a few seconds. The log of the server and crmkit doctor show its operator the reason.", RetryAfter: time.Second}
	}
	return status("ready"), nil
}
