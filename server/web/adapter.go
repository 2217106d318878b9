package web

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/store"
)

// Options are what an Adapter needs.
type Options struct {
	Store   *store.Store
	Auth    *auth.Auth
	Log     *slog.Logger
	Metrics *edge.Metrics

	Local   bool         // refuse requests from other machines and through proxies
	BaseURL string       // canonical origin of this server; empty: that of the request
	Rate    int          // requests a second of a token, and of a network; 0: any number
	Proxies edge.Proxies // trusted proxies
}

// Adapter serves the routes of a table. It is an http.Handler, safe for concurrent use.
type Adapter struct {
	opts    Options
	store   *store.Store
	schema  *crm.Schema
	auth    *auth.Auth
	router  *router
	limiter *edge.Limiter

	publicBodies, signedBodies *edge.Admission // bytes of bodies
	publicBodyTime             time.Duration   // in which a body before sign-in has arrived
}

// New returns an adapter that serves nothing until SetRoutes.
func New(o Options) *Adapter {
	return &Adapter{opts: o, store: o.Store, schema: o.Store.Schema, auth: o.Auth, limiter: edge.NewLimiter(o.Rate), router: newRouter(nil),
		publicBodies: newBodyAdmission(publicBodies, publicNetworkPart), signedBodies: newBodyAdmission(signedBodies, signedPart), publicBodyTime: publicBodyTime}
}

// SetRoutes sets the table of routes. It must not be called while requests are served.
func (a *Adapter) SetRoutes(routes []Route) { a.router = newRouter(routes) }

// Routes returns the table of routes.
func (a *Adapter) Routes() []Route { return a.router.routes }

// Find returns the route of a method and a path, or nil, and the ids in the path.
func (a *Adapter) Find(method, path string) (*Route, []string) {
	row, ids, _ := a.router.find(method, path)
	return row, ids
}

// serves reports whether there is a route for the method and path.
func (a *Adapter) serves(method, path string) bool {
	row, _ := a.Find(method, path)
	return row != nil
}

// ServeHTTP answers one request and logs one line. A stream that fails in the middle closes the
// connection, since its status was sent long before.
func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	rq := &Request{Request: r, Writer: w, ID: uuid.NewString(), Addr: a.opts.Proxies.ClientIP(r), adapter: a}
	defer rq.End()
	if r.Body == http.NoBody {
		edge.EndRead(w)
	}
	doc, body := a.run(rq)
	status, size := a.write(rq, doc, body), len(body)
	var broken error
	if doc.Stream != nil && rq.Method != http.MethodHead {
		size, broken = a.send(rq, doc.Stream)
	}
	a.observe(rq, status, size, time.Since(started))
	if broken != nil {
		panic(http.ErrAbortHandler) // the client sees that the answer is not complete
	}
}

// run serves the request and formats the answer, or the error. A panic, of the handler or while
// the answer is formatted, becomes the error internal.
func (a *Adapter) run(rq *Request) (doc *render.Response, body []byte) {
	err := Recover(func() (err error) {
		if doc, err = a.serve(rq); err != nil {
			return err
		}
		body, err = a.format(rq, doc)
		return err
	})
	if err != nil {
		doc = a.errorDoc(rq, err)
		body = doc.Append(nil, rq.Format)
	}
	return doc, body
}

// format returns the body of the answer. The body of a stream is sent later, in pieces, except
// to a tool, which gets one text.
func (a *Adapter) format(rq *Request, doc *render.Response) ([]byte, error) {
	if doc.Zone == nil {
		doc.Zone = rq.Actor.Zone
		doc.SetMoment(rq.Moment())
	}
	switch {
	case doc.Stream == nil:
		return rq.fit(doc)
	case rq.ByTool:
		return a.readAll(rq, doc.Stream)
	}
	return nil, nil
}

// serve checks the request and calls the handler. The route is found first, since it knows how
// errors are written. Origin and rate are checked before anything that takes time.
func (a *Adapter) serve(rq *Request) (*render.Response, error) {
	var unread *crm.Error
	rq.Params, unread = param.All(rq.URL.RawQuery)
	ids, noRoute := a.locate(rq)
	rq.Media = mediaOf(rq.Request, rq.Params, rq.Route)
	rq.Format = formatOf(rq.Media)
	if err := a.checkOrigin(rq); err != nil {
		return nil, err
	}
	if !rq.ByTool {
		if err := a.RateLimit(auth.Network(rq.Addr)); err != nil {
			return nil, err
		}
	}
	if unread != nil {
		return nil, unread
	}
	if err := edge.CheckAccept(rq.Header["Accept"]); err != nil {
		return nil, err
	}
	if noRoute != nil {
		return nil, noRoute()
	}
	if rq.Method == http.MethodOptions {
		return a.preflight(rq), nil
	}
	return a.dispatch(rq, ids)
}

// checkOrigin refuses a request from a page of another origin, unless the route allows it, and
// on a local server every request that is not of this machine.
func (a *Adapter) checkOrigin(rq *Request) error {
	if a.opts.Local {
		if err := edge.CheckLocal(rq.Request); err != nil {
			return err
		}
	}
	if rq.ByTool || rq.Route == nil {
		return nil
	}
	origins := rq.Route.origins()
	if err := origins.Check(rq.Request, a.opts.BaseURL); err != nil {
		return err
	}
	origins.Allow(rq.Writer.Header(), rq.Header.Get("Origin"))
	return nil
}

// preflight answers OPTIONS for a path that pages of other origins may call, before anybody
// signs in: browsers ask without credentials.
func (a *Adapter) preflight(rq *Request) *render.Response {
	edge.Preflight(rq.Writer.Header(), a.router.methodsOf(rq.Route.Path))
	return &render.Response{Status: http.StatusNoContent, Raw: &render.Raw{Type: PlainText}}
}

// locate finds the route of the request and the ids in its path. Where noRoute is not nil it
// makes the error for the path, and the route is another one of the same path, or nil.
func (a *Adapter) locate(rq *Request) (ids []string, noRoute func() *crm.Error) {
	path, unclean := cleanPath(a.schema, rq.URL.EscapedPath())
	if rq.Path = path; unclean != nil {
		return nil, func() *crm.Error { return unclean }
	}
	if rq.Method == http.MethodOptions {
		if rq.Route = a.router.shared(rq.Path); rq.Route != nil {
			return nil, nil
		}
	}
	row, ids, allowed := a.router.find(rq.Method, rq.Path)
	if row == nil {
		if allowed != nil {
			rq.Route, _, _ = a.router.find(allowed[0], rq.Path)
		}
		return nil, func() *crm.Error { return a.notServed(rq, allowed) }
	}
	rq.Route = row
	if len(ids) > 0 {
		rq.ParentID, rq.RecordID = ids[0], ids[len(ids)-1]
	}
	return ids, nil
}

// dispatch authenticates the client, checks its rights and the parameters, and calls the
// handler. The body is not read before the handler asks for it.
func (a *Adapter) dispatch(rq *Request, ids []string) (*render.Response, error) {
	if err := rq.oneCredential(); err != nil {
		return nil, err
	}
	switch {
	case rq.Route.Tokens:
		a.recognize(rq, ids)
	case rq.Route.Access != Public:
		if err := a.authenticate(rq); err != nil {
			return nil, err
		}
		if err := a.authorize(rq, ids); err != nil {
			return nil, err
		}
	}
	rq.bodyLimits = a.bodyLimitsOf(rq)
	if err := rq.readQuery(); err != nil {
		return nil, err
	}
	ignored := rq.dropEmpty()
	if err := checkParams(rq); err != nil {
		return nil, err
	}
	if err := rq.checkKey(); err != nil {
		return nil, err
	}
	if err := rq.readRun(); err != nil {
		return nil, err
	}
	doc, err := rq.Route.Handle(rq)
	if err != nil {
		return doc, err
	}
	if len(ignored) > 0 {
		rq.Remarks = append(rq.Remarks, "ignored: "+strings.Join(ignored, " ")+" (empty)")
	}
	doc.Remarks = append(doc.Remarks, rq.Remarks...)
	return doc, nil
}

// RateLimit refuses a request that comes too soon after others under the same key, with
// rate_limited and the time to wait.
func (a *Adapter) RateLimit(key string) error {
	wait := a.limiter.Take(key, a.store.Now())
	if wait == 0 {
		return nil
	}
	err := crm.Errorf(crm.RateLimited, "too many requests: the limit is %d a second. Wait for the time in Retry-After; to need fewer requests, use limit=200 in lists.", a.opts.Rate)
	err.RetryAfter = wait
	return err
}

// observe counts the request and writes its log line: the route's pattern, never the query
// or the body, which may hold secrets.
func (a *Adapter) observe(rq *Request, status, size int, took time.Duration) {
	a.opts.Metrics.Request(labelsOf(rq, status), took)
	level := slog.LevelInfo
	if status >= 500 && !stoppedByClient(rq, status) {
		level = slog.LevelError
	}
	if !a.opts.Log.Enabled(rq.Context(), level) {
		return
	}
	pattern := "-"
	if rq.Route != nil {
		pattern = rq.Route.pattern
	}
	a.opts.Log.LogAttrs(rq.Context(), level, "request",
		slog.String("method", norm.Quote(rq.Method)), slog.String("route", pattern), slog.Int("status", status),
		slog.Int("bytes", size), slog.Float64("took_ms", float64(took.Microseconds())/1000),
		slog.String("workspace", rq.Actor.WorkspaceID), slog.String("token", rq.Actor.TokenID),
		slog.String("addr", rq.Addr), slog.String("request_id", rq.ID))
}

// labelsOf returns the labels under which a request is counted. Methods and paths of the client
// are not among them, since anybody could create any number of labels.
func labelsOf(rq *Request, status int) edge.RequestLabels {
	by := edge.RequestLabels{Via: "http", Method: "other", Route: "other", Status: status}
	if rq.ByTool {
		by.Via = "mcp"
	}
	if rq.Route != nil {
		by.Route = rq.Route.pattern
	}
	// The route may be another one of the same path, where the path does not take the method.
	if rq.Route != nil && (rq.Method == rq.Route.Method || rq.Method == http.MethodHead) {
		by.Method = rq.Route.Method
	}
	return by
}
