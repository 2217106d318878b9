package server

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"crmkit/auth"
	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/edge"
)

// request is one request on its way through the adapter and a handler.
type request struct {
	*http.Request
	w          http.ResponseWriter
	id         string // request id
	route      *route // nil until matched
	path       string
	addr       string     // of the client
	parentID   string     // the first id of the path
	recordID   string     // the last id of the path
	body       []byte     // once it is read
	bodyLimits bodyLimits // for reading it
	ends       []func()   // run when the request has ended
	params     url.Values
	rawParams  url.Values // the params as sent, where the route adds filters of its own
	format     render.Format
	media      string // what the client asked for; only streams have more than the two formats
	actor      crm.Actor
	env        query.Env
	internal   bool // made by a tool call, whose own request was let in
	status     int  // of the answer, where the handler sets it

	remarks []string // how the body was read, where it could have been meant otherwise

	oauth   *oauth.Error // the fault, where it is one of that protocol
	rpcID   string       // raw id of the JSON-RPC message, once it is read
	rpcCode int          // of the fault, where the message itself has one
}

// ServeHTTP is the only way in: it does for every route what none should have
// to do itself, and writes one log line.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	rq := &request{Request: r, w: w, id: uuid.NewString(), addr: s.proxies.ClientIP(r)}
	defer rq.end()
	if r.Body == http.NoBody {
		edge.EndRead(w)
	}
	doc, body, err := s.withRecover(rq)
	if err != nil {
		doc = s.errorDoc(rq, err)
		body = doc.Append(nil, rq.format)
	}
	status, size := s.answer(rq, doc, body), len(body)
	var broken error
	if doc.Stream != nil && rq.Method != http.MethodHead {
		size, broken = s.send(rq, doc.Stream)
	}
	s.observe(rq, status, size, time.Since(started))
	if broken != nil {
		panic(http.ErrAbortHandler) // the client sees that the answer is not whole
	}
}

// withRecover serves the request and spells the answer; a panic in either is an
// error.
func (s *Server) withRecover(rq *request) (doc *render.Response, body []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked(v)
		}
	}()
	if doc, err = s.serve(rq); err == nil {
		if doc.Zone == nil {
			doc.Zone = rq.actor.Zone
		}
		switch {
		case doc.Stream == nil:
			body = doc.Append(make([]byte, 0, 1024), rq.format)
		case rq.internal:
			body, err = s.readAll(rq, doc.Stream)
		}
	}
	return doc, body, err
}

// serve checks the request, in the order in which a client would want to hear
// of faults, and calls the handler. The row comes first: it knows how faults are
// spelled.
func (s *Server) serve(rq *request) (*render.Response, error) {
	var unread *crm.Error
	rq.params, unread = query.Params(rq.URL.RawQuery)
	rq.media = mediaOf(rq.Request, rq.params)
	rq.format = formatOf(rq.media)
	ids, fault := s.locate(rq)
	if err := s.checkOrigin(rq); err != nil {
		return nil, err
	}
	if !rq.internal {
		if err := s.rateLimit(auth.Network(rq.addr)); err != nil {
			return nil, err
		}
	}
	if unread != nil {
		return nil, unread
	}
	if err := checkAccept(rq.Header["Accept"]); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fault()
	}
	if rq.Method == http.MethodOptions {
		return s.preflight(rq), nil
	}
	return s.dispatch(rq, ids)
}

// checkOrigin refuses a request that comes from where the route may not be called.
func (s *Server) checkOrigin(rq *request) error {
	if s.opts.Local {
		if err := edge.CheckLocal(rq.Request); err != nil {
			return err
		}
	}
	if rq.internal || rq.route == nil {
		return nil
	}
	if err := rq.route.Origins.Check(rq.Request, s.base(rq)); err != nil {
		return err
	}
	rq.route.Origins.Allow(rq.w.Header(), rq.Header.Get("Origin"))
	return nil
}

// preflight answers OPTIONS for a path that pages of other origins may call, before anybody
// signs in: browsers ask without credentials.
func (s *Server) preflight(rq *request) *render.Response {
	rq.status = http.StatusNoContent
	edge.Preflight(rq.w.Header(), s.router.methodsOf(rq.route.Path))
	return &render.Response{Raw: &render.Raw{Type: plainText}}
}

// locate finds the row of the request and the ids in its path. Where fault is not nil it makes
// the error for the path, and the row is one of the same path, if there is one.
func (s *Server) locate(rq *request) (ids []string, fault func() *crm.Error) {
	path, unclean := cleanPath(s.schema, rq.URL.EscapedPath())
	if rq.path = path; unclean != nil {
		return nil, func() *crm.Error { return unclean }
	}
	if rq.Method == http.MethodOptions {
		if rq.route = s.router.shared(rq.path); rq.route != nil {
			return nil, nil
		}
	}
	row, ids, allowed := s.router.find(rq.Method, rq.path)
	if row == nil {
		if allowed != nil {
			rq.route, _, _ = s.router.find(allowed[0], rq.path)
		}
		return nil, func() *crm.Error { return s.unserved(rq, allowed) }
	}
	rq.route = row
	if len(ids) > 0 {
		rq.parentID, rq.recordID = ids[0], ids[len(ids)-1]
	}
	return ids, nil
}

// dispatch calls the handler of the row for who may.
func (s *Server) dispatch(rq *request, ids []string) (*render.Response, error) {
	if err := rq.oneCredential(); err != nil {
		return nil, err
	}
	if rq.route.Access != public {
		if err := s.authenticate(rq); err != nil {
			return nil, err
		}
		if err := s.authorize(rq, ids); err != nil {
			return nil, err
		}
	}
	ignored := rq.dropEmpty()
	if err := checkParams(rq); err != nil {
		return nil, err
	}
	if err := rq.checkKey(); err != nil {
		return nil, err
	}
	rq.bodyLimits = s.bodyLimitsOf(rq)
	doc, err := rq.route.handle(s, rq)
	if err == nil && len(ignored) > 0 {
		rq.remarks = append(rq.remarks, "ignored: "+strings.Join(ignored, " ")+" (empty)")
	}
	if err == nil {
		doc.Remarks = append(doc.Remarks, rq.remarks...)
	}
	return doc, err
}

// errorDoc turns an error into an answer. What is no crm.Error is a fault of
// ours: it is logged with the request id, and the client sees only that.
func (s *Server) errorDoc(rq *request, err error) *render.Response {
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
	if rq.internal {
		known = known.ByTools()
	}
	if known.Status() == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="crmkit"`)
	}
	if rq.route != nil && rq.route.errorWriter != nil {
		rq.status = known.Status()
		return rq.route.errorWriter(s, rq, known)
	}
	return &render.Response{Error: known, Zone: rq.actor.Zone}
}

// statusOf returns the status of an answer.
func statusOf(rq *request, doc *render.Response) int {
	switch {
	case rq.status != 0:
		return rq.status
	case doc.Error != nil:
		return doc.Error.Status()
	case doc.Result == "created":
		return http.StatusCreated
	}
	return http.StatusOK
}

// answer writes the document.
func (s *Server) answer(rq *request, doc *render.Response, body []byte) (status int) {
	status = statusOf(rq, doc)
	h := rq.w.Header()
	if doc.Version > 0 {
		h["Etag"] = []string{`"` + strconv.FormatInt(doc.Version, 10) + `"`}
	}
	if len(body) > 0 || doc.Stream != nil {
		h["Content-Type"] = []string{doc.Type(rq.format)}
	}
	if status != http.StatusNoContent && doc.Stream == nil {
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
	if rq.ProtoMajor < 2 && rq.Context().Err() != nil {
		h["Connection"] = []string{"close"} // the contexts of later requests of the connection would have ended too
	}
	_ = http.NewResponseController(rq.w).SetWriteDeadline(time.Now().Add(edge.WriteTimeout)) // however long the work took
	rq.w.WriteHeader(status)
	if rq.Method != http.MethodHead {
		_, _ = rq.w.Write(body)
	}
	return status
}

// observe counts the request and logs it.
func (s *Server) observe(rq *request, status, size int, took time.Duration) {
	s.metrics.Request(labelsOf(rq, status), took)
	s.log(rq, status, size, took)
}

// labelsOf returns the labels by which a request is counted.
func labelsOf(rq *request, status int) edge.RequestLabels {
	by := edge.RequestLabels{Via: "http", Method: "other", Route: "other", Status: status}
	if rq.internal {
		by.Via = "mcp"
	}
	if rq.route != nil {
		by.Route = rq.route.pattern
	}
	// The route may be another one of the same path, where the path does not take the method.
	if rq.route != nil && (rq.Method == rq.route.Method || rq.Method == http.MethodHead) {
		by.Method = rq.route.Method
	}
	return by
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
		slog.String("method", norm.Quote(rq.Method)), slog.String("route", pattern), slog.Int("status", status),
		slog.Int("bytes", size), slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("workspace", rq.actor.WorkspaceID), slog.String("token", rq.actor.TokenID),
		slog.String("addr", rq.addr), slog.String("request_id", rq.id))
}
