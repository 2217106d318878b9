// Package server is the HTTP API: the table of its routes, and the handlers of records,
// lists, searches, reminders, links, accounts and teams. A handler decodes a request,
// calls the store once, and returns a document of package render. It never writes to the
// connection, and never opens a transaction by itself.
//
// Packages below it: web handles a request before and after its handler; edge is between that
// and the network; draft decodes bodies; manual describes the routes; transfer and importer
// move files; mcp and oauth are protocols of their own on the same routes.
//
// The comment of a handler names its own errors. Errors that the adapter returns before any
// handler are not repeated: those of the token and its rights (auth_required, invalid_token,
// token_expired, scope_required, admin_required), of rates (rate_limited) and of unknown
// parameters (unknown_field, invalid_filter). A write may also return those of its body
// (bad_json, unsupported_media, body_too_large, unknown_field, read_only_field, missing_field,
// invalid_value), idempotency_conflict, and plan_limit_reached for storage; anything may be
// not_ready.
//
// Invariants: the rights of the actor are checked again inside the transaction of each write
// (web.Request.Update and Transact do); and a route without an access column is closed to
// everybody but admins.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/mail"
	"crmkit/server/aggregate"
	"crmkit/server/bulkedit"
	"crmkit/server/definition"
	"crmkit/server/duplicate"
	"crmkit/server/edge"
	"crmkit/server/feed"
	"crmkit/server/manual"
	"crmkit/server/mcp"
	"crmkit/server/oauth"
	"crmkit/server/past"
	"crmkit/server/pipeline"
	"crmkit/server/purge"
	"crmkit/server/schema"
	"crmkit/server/transfer"
	"crmkit/server/trash"
	"crmkit/server/undo"
	"crmkit/server/web"
	"crmkit/store"
)

// Options are the parts and the settings of a server.
type Options struct {
	Store   *store.Store
	Log     *slog.Logger // nil: nothing is logged
	Local   bool         // answer codes instead of mailing them, refuse what is not local
	BaseURL string       // origin that the manual and mails name; empty: that of the request
	Version string

	Mail         *mail.Sender // nil: codes come in the answers, which only a local server may do
	InviteOnly   bool         // only invited addresses may sign up
	ImportMax    int64        // bytes of a file to import; 0: any number
	Rate         int          // requests a second of a token, and of a client address; 0: any number
	MetricsToken string       // the bearer token of GET /metrics; empty: the route is not_found
	TrustProxy   string       // networks whose X-Forwarded-For is believed, like "10.0.0.0/8, ::1"

	Certificates *edge.Certificates // nil: plain HTTP, on this machine or behind a proxy

	Unwatched bool // another Server on the same store counts the writes

	LastBackup func() time.Time // when the last backup was made, zero if never; nil: unknown
	Backups    func() []string  // names of the copies of the database that are known; nil: of none
}

// Server answers requests. It is an http.Handler, safe for concurrent use.
type Server struct {
	opts    Options
	store   *store.Store
	schema  *crm.Schema
	auth    *auth.Auth
	oauth   *oauth.Endpoints
	web     *web.Adapter
	proxies edge.Proxies
	metrics *edge.Metrics
	ready   *edge.Readiness
	manual  *manual.Manual

	past       *past.Endpoints
	aggregate  *aggregate.Endpoints
	transfer   *transfer.Endpoints
	duplicates *duplicate.Endpoints
	pipelines  *pipeline.Endpoints
	bulk       *bulkedit.Endpoints
	feed       *feed.Endpoints
	undo       *undo.Endpoints
	purge      *purge.Endpoint
	trash      *trash.Endpoints
	defined    *definition.Endpoints
	shape      *schema.Endpoints

	mcp *mcp.Connector
}

// New returns a server on an open store, which it does not close. The routes, the manual and
// the tools are made here, in this order, since each is described by the one before.
func New(opts Options) (*Server, error) {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Mail == nil && !opts.Local {
		return nil, errors.New("a server that is not local needs a way to send mail")
	}
	opts.BaseURL = edge.CanonicalOrigin(opts.BaseURL)
	trusted, err := edge.ParseProxies(opts.TrustProxy)
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, store: opts.Store, schema: opts.Store.Schema, proxies: trusted, metrics: edge.NewMetrics(opts.Version),
		auth: auth.New(opts.Store, auth.Options{Mail: opts.Mail, BaseURL: opts.BaseURL, InviteOnly: opts.InviteOnly})}
	s.oauth = oauth.New(oauth.Options{Auth: s.auth, Store: s.store, InviteOnly: opts.InviteOnly})
	s.defined = definition.New(s.store, saved)
	s.duplicates, s.feed, s.pipelines = duplicate.New(s.store), feed.New(s.store, s.defined.Expand), pipeline.New(s.store, saved)
	s.undo, s.past, s.trash, s.shape = undo.New(s.store), past.New(s.store), trash.New(s.store), schema.New(s.store)
	s.aggregate, s.defined.Own["pipeline"], s.defined.Own["field"] = aggregate.New(s.store, s.past), s.pipelines.Own(), definition.OfFields(s.store)
	s.transfer = transfer.New(transfer.Options{Store: s.store, Log: opts.Log, ImportMax: opts.ImportMax, Token: s.auth.ConfirmToken})
	s.purge = purge.New(purge.Options{Store: s.store, Auth: s.auth, Backups: opts.Backups, Forget: s.transfer.Forget})
	s.bulk = bulkedit.New(s.store, s.explain)
	s.ready = edge.NewReadiness(s.probe)
	if !opts.Unwatched {
		s.store.Watch(s.metrics.Batch)
	}
	s.web = web.New(web.Options{Store: s.store, Auth: s.auth, Log: opts.Log, Metrics: s.metrics,
		Local: opts.Local, BaseURL: opts.BaseURL, Rate: opts.Rate, Proxies: trusted})
	s.mcp = mcp.New(mcp.Options{Web: s.web, Store: s.store, Log: opts.Log, Version: opts.Version, Scope: oauth.Scope})
	s.web.SetRoutes(s.routes())
	if s.manual, err = s.newManual(); err != nil {
		return nil, err
	}
	s.mcp.SetManual(s.manual)
	return s, nil
}

// ServeHTTP answers one request. Panics of handlers become the error internal.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.web.ServeHTTP(w, r) }

// Serve answers requests on the listener until the context ends, then lets those
// under way finish for some seconds.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, s.feed.End)()
	h := edge.NewServer(s, s.opts.Log)
	if c := s.opts.Certificates; c != nil {
		h.TLSConfig = c.Config
		go c.Prepare(s.opts.Log)
	}
	return edge.Serve(ctx, h, l)
}
