package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
)

// request is one request on its way through the adapter and a handler.
type request struct {
	*http.Request
	w      http.ResponseWriter
	id     string // request id
	route  *route // nil until matched
	path   string
	addr   string // of the client
	record string // the last id of the path
	params url.Values
	asked  url.Values // the params as sent, where the route adds filters of its own
	format render.Format
	actor  crm.Actor
	env    query.Env
	inner  bool // made by a tool call, whose own request was let in
	status int  // of the answer, where the handler sets it

	oauth   *auth.OAuthError // the fault, where it is one of that protocol
	rpcID   string           // raw id of the JSON-RPC message, once it is read
	rpcCode int              // of the fault, where the message itself has one
}

// ServeHTTP is the only way in: it does for every route what none should have
// to do itself, and writes one log line.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	rq := &request{Request: r, w: w, id: uuid.NewString(), addr: s.proxies.client(r)}
	doc, body, err := s.guarded(rq)
	if err != nil {
		doc = s.failure(rq, err)
		body = doc.Append(nil, rq.format)
	}
	status := s.answer(rq, doc, body)
	s.note(rq, status, len(body), time.Since(started))
}

// guarded serves the request and spells the answer; a panic in either is an
// error.
func (s *Server) guarded(rq *request) (doc *render.Doc, body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	if doc, err = s.serve(rq); err == nil {
		if doc.Zone == nil {
			doc.Zone = rq.actor.Zone
		}
		body = doc.Append(make([]byte, 0, 1024), rq.format)
	}
	return doc, body, err
}

// serve checks the request, in the order in which a client would want to hear
// of faults, and calls the handler.
func (s *Server) serve(rq *request) (*render.Doc, error) {
	var queryErr error
	rq.params, queryErr = url.ParseQuery(rq.URL.RawQuery)
	rq.format = formatOf(rq.Request, rq.params)
	if err := s.checkLocal(rq); err != nil {
		return nil, err
	}
	if !rq.inner {
		if err := s.pace(auth.Network(rq.addr)); err != nil {
			return nil, err
		}
	}
	if queryErr != nil {
		return nil, crm.Errorf(crm.InvalidFilter, "the query string cannot be read (%s); escape %% as %%25, & as %%26, ; as %%3B, # as %%23.", crm.OneLine(queryErr.Error()))
	}
	return s.dispatch(rq)
}

// dispatch finds the row of the request and calls its handler for who may.
func (s *Server) dispatch(rq *request) (*render.Doc, error) {
	path, fault := cleanPath(s.schema, rq.URL.EscapedPath())
	if fault != nil {
		return nil, fault
	}
	rq.path = path
	if rq.Method == http.MethodOptions && s.router.shared(path) != nil {
		return s.preflight(rq, s.router.shared(path)), nil
	}
	row, ids, allowed := s.router.find(rq.Method, path)
	if row == nil && allowed != nil {
		return nil, s.router.notAllowed(rq.Method, path, allowed)
	}
	if row == nil {
		return nil, s.router.missing(rq.Method, path)
	}
	rq.route = row
	if len(ids) > 0 {
		rq.record = ids[len(ids)-1]
	}
	if err := s.checkOrigin(rq); err != nil {
		return nil, err
	}
	if row.Access != public {
		if err := s.authenticate(rq); err != nil {
			return nil, err
		}
		if err := s.authorize(rq, ids); err != nil {
			return nil, err
		}
	}
	if err := checkParams(rq); err != nil {
		return nil, err
	}
	return row.handle(s, rq)
}

// authenticate finds out who asks.
func (s *Server) authenticate(rq *request) error {
	if rq.inner {
		return nil
	}
	if scheme, _, found := strings.Cut(rq.Header.Get("Authorization"), " "); found && !strings.EqualFold(scheme, "Bearer") {
		return crm.Errorf(crm.AuthRequired, "the Authorization scheme %s is not taken; send Authorization: Bearer <token>.", crm.Show(scheme))
	}
	actor, err := s.auth.Actor(rq.Context(), auth.Bearer(rq.Header.Get("Authorization")))
	if err != nil {
		return err
	}
	actor.Addr = rq.addr
	rq.actor = actor
	return s.pace("token " + actor.TokenID)
}

// checkParams refuses query parameters the route does not know. Lists check
// theirs when they compile the question.
func checkParams(rq *request) error {
	if format := rq.params.Get("format"); rq.params.Has("format") && format != "json" && format != "text" {
		return crm.Errorf(crm.InvalidValue, "format=%s is not known; write format=json or format=text.", crm.Show(format)).On("format").Of(format, []string{"json", "text"})
	}
	if rq.route.Lists || rq.route.Lenient {
		return nil
	}
	for name, values := range rq.params {
		if len(values) > 1 {
			return crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", crm.Show(name), len(values)).On(name)
		}
		if name != "format" && !slices.Contains(rq.route.Params, name) {
			allowed := append(slices.Clone(rq.route.Params), "format")
			return crm.Errorf(crm.UnknownField, "%s %s has no parameter %s; it takes %s.",
				rq.route.Method, rq.route.shown(), crm.Show(name), strings.Join(allowed, " ")).On(name).Of(name, allowed)
		}
	}
	return nil
}

// proxyHeaders tell of a proxy, beside all X-Forwarded-*.
var proxyHeaders = []string{"Forwarded", "Via", "X-Real-Ip", "Cf-Connecting-Ip", "True-Client-Ip"}

// checkLocal keeps a local server local: it answers neither through a proxy nor
// under a foreign name, so no web page can reach it by DNS rebinding or by
// posting to it.
func (s *Server) checkLocal(rq *request) error {
	if !s.opts.Local {
		return nil
	}
	for name := range rq.Header {
		if slices.Contains(proxyHeaders, name) || strings.HasPrefix(name, "X-Forwarded-") {
			return crm.Errorf(crm.LocalOnly, "the request came through a proxy (%s); a server in local mode takes none. Call it directly.", name)
		}
	}
	if !loopback(rq.Host) {
		return crm.Errorf(crm.LocalOnly, "the Host %s is not this machine; call http://127.0.0.1 or http://localhost with the port of the server.", crm.Show(rq.Host))
	}
	for _, origin := range rq.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || !loopback(u.Host) {
			return crm.Errorf(crm.LocalOnly, "a web page of %s may not call a server in local mode.", crm.Show(origin))
		}
	}
	return nil
}

// loopback reports whether a host, with or without port, names this machine.
func loopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}

// failure turns an error into an answer. What is no crm.Error is a fault of
// ours: it is logged with the request id, and the client sees only that.
func (s *Server) failure(rq *request, err error) *render.Doc {
	var known *crm.Error
	if rq.oauth = oauthError(err); rq.oauth != nil {
		known = crm.Errorf(crm.InvalidValue, "%s", rq.oauth.Description)
	} else if !errors.As(err, &known) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			known = crm.Errorf(crm.NotReady, "the request was given up before it was done; a write may or may not be saved. Read the record before you retry.")
			known.RetryAfter = time.Second
		} else {
			s.opts.Log.Error("internal error", "request_id", rq.id, "error", err.Error())
			known = crm.Errorf(crm.Internal, "the server failed; this is not your fault. Try once more, then report request id %s.", rq.id)
		}
	}
	h := rq.w.Header()
	if known.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	if len(known.Allow) > 0 {
		h.Set("Allow", strings.Join(known.Allow, ", "))
	}
	if known.Code.Status() == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="crmkit"`)
	}
	if rq.route != nil && rq.route.fail != nil {
		rq.status = known.Code.Status()
		return rq.route.fail(s, rq, known)
	}
	return &render.Doc{Error: known, Zone: rq.actor.Zone}
}

// statusOf returns the status of an answer.
func statusOf(rq *request, doc *render.Doc) int {
	switch {
	case rq.status != 0:
		return rq.status
	case doc.Error != nil:
		return doc.Error.Code.Status()
	case doc.Result == "created":
		return http.StatusCreated
	}
	return http.StatusOK
}

// answer writes the document.
func (s *Server) answer(rq *request, doc *render.Doc, body []byte) (status int) {
	status = statusOf(rq, doc)
	h := rq.w.Header()
	if doc.Version > 0 {
		h["Etag"] = []string{`"` + strconv.FormatInt(doc.Version, 10) + `"`}
	}
	if len(body) > 0 {
		h["Content-Type"] = []string{doc.Type(rq.format)}
	}
	if status != http.StatusNoContent {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = []string{"no-store"}
	}
	if rq.TLS != nil {
		h["Strict-Transport-Security"] = []string{"max-age=31536000"} // RFC 6797: browsers stay with https for a year
	}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["X-Request-Id"] = []string{rq.id}
	h["Vary"] = append(h["Vary"], "Accept, Authorization")
	rq.w.WriteHeader(status)
	if rq.Method != http.MethodHead {
		_, _ = rq.w.Write(body)
	}
	return status
}

// note counts the request and logs it.
func (s *Server) note(rq *request, status, size int, took time.Duration) {
	s.numbers.request(rq, status, took)
	s.log(rq, status, size, took)
}

// log writes the request's line: the route's pattern, never the query or the
// body, which may hold secrets.
func (s *Server) log(rq *request, status, size int, took time.Duration) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	if !s.opts.Log.Enabled(rq.Context(), level) {
		return
	}
	pattern := "-"
	if rq.route != nil {
		pattern = rq.route.pattern
	}
	s.opts.Log.LogAttrs(rq.Context(), level, "request",
		slog.String("method", crm.Show(rq.Method)), slog.String("route", pattern), slog.Int("status", status),
		slog.Int("bytes", size), slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("workspace", rq.actor.WorkspaceID), slog.String("token", rq.actor.TokenID),
		slog.String("addr", rq.addr), slog.String("request_id", rq.id))
}
