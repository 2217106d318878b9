package web

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/store"
	"crmkit/store/txn"
)

// Line is a write that is a part of another request, such as one of a batch. It passes the checks
// of its route and is decoded by the handler of its route, like a request of its own. But what
// that handler would do in a transaction is left to Run, which is given one.
type Line struct {
	rq    *Request
	write Work // what the handler gave to Transact
}

// Call is a request by its parts, as clients of tools and batches write it.
type Call struct {
	Method string
	Target string // path and query
	Body   string // JSON; empty: none

	Checked bool // Body is an object as norm.AppendObject writes one, read strictly
}

// errPrepared is what Transact returns to the handler of a line, which returns it in turn.
var errPrepared = errors.New("the line is prepared")

// Line makes a line of the request, up to its transaction. An error that is a crm.Error is that of
// the call itself, or invalid_value if the route may not be part of another request.
func (rq *Request) Line(c Call) (*Line, error) {
	u, fault := ParseTarget(c.Method, c.Target)
	if fault != nil {
		return nil, fault
	}
	l := &Line{rq: rq.inner(c, u)}
	ids, noRoute := rq.adapter.locate(l.rq)
	switch {
	case noRoute != nil:
		return nil, noRoute()
	case !l.rq.Route.AsLine:
		return nil, notALine(c.Method, l.rq.Route)
	}
	if err := l.check(ids); err != nil {
		return nil, err
	}
	l.rq.line = l
	_, err := l.rq.Route.Handle(l.rq)
	switch {
	case err == nil:
		return nil, errors.New("a handler left a line of a batch without a write: " + c.Method + " " + l.rq.Route.Pattern())
	case !errors.Is(err, errPrepared):
		return nil, err
	}
	return l, nil
}

// WillAsk returns what the write of the line will ask.
func (l *Line) WillAsk() []txn.Ahead { return l.rq.ahead }

// IsLine reports whether the request is a line of another one.
func (rq *Request) IsLine() bool { return rq.line != nil }

// inner returns a request as the actor of this one. Its body is in memory.
func (rq *Request) inner(c Call, u *url.URL) *Request {
	r := (&http.Request{Method: c.Method, URL: u, Header: http.Header{}, Body: http.NoBody, Host: rq.Host, TLS: rq.TLS}).WithContext(rq.Context())
	in := &Request{Request: r, Writer: discardWriter{http.Header{}}, ID: rq.ID, Addr: rq.Addr, ByTool: rq.ByTool, Actor: rq.Actor,
		Format: rq.Format, adapter: rq.adapter, bodyLimits: bodyLimits{most: MaxBody}}
	if c.Body != "" {
		in.body, in.checked = []byte(c.Body), c.Checked
	}
	return in
}

// check makes the checks of a request of its own that depend on its route and its parameters. Its
// client is authenticated.
func (l *Line) check(ids []string) error {
	var fault *crm.Error
	if l.rq.Params, fault = param.All(l.rq.URL.RawQuery); fault != nil {
		return fault
	}
	for _, name := range PagedParams {
		if l.rq.Params.Has(name) {
			return crm.Errorf(crm.InvalidValue, "%s is a parameter of the whole batch: POST /batch?%[1]s=…", name).On(name)
		}
	}
	if err := l.rq.adapter.authorize(l.rq, ids); err != nil {
		return err
	}
	return checkParams(l.rq)
}

// notALine is the error for a call that may not be part of another request.
func notALine(method string, r *Route) *crm.Error {
	if method == http.MethodGet {
		return crm.Errorf(crm.InvalidValue, "a batch has only writes; send GET %s as a request of its own.", r.Pattern()).On("method")
	}
	return crm.Errorf(crm.InvalidValue, "%s %s cannot be a line of a batch; send it as a request of its own.", method, r.Pattern()).On("path")
}

// Run does the write of the line in a running transaction of the request that the line is part of,
// and returns the answer of the call. Token and role of the actor were checked in the transaction.
func (l *Line) Run(tx *store.Tx) (*render.Response, error) {
	if err := l.rq.permitted(tx.Actor.Role); err != nil {
		return nil, err
	}
	doc, err := l.write(tx)
	if err != nil {
		return nil, err
	}
	doc.Remarks = append(doc.Remarks, l.rq.Remarks...)
	return doc, nil
}

// FindRoute returns the route of a call, or nil.
func (rq *Request) FindRoute(c Call) *Route {
	u, fault := ParseTarget(c.Method, c.Target)
	if fault != nil {
		return nil
	}
	clean, fault := cleanPath(rq.adapter.schema, u.EscapedPath())
	if fault != nil {
		return nil
	}
	row, _ := rq.adapter.Find(c.Method, clean)
	return row
}

// Known returns the error of a call as its client sees it. ok is false if the error is no answer to
// the call, since the server failed or the request was stopped.
func (rq *Request) Known(err error) (fault *crm.Error, ok bool) {
	if !errors.As(err, &fault) || fault.Code == crm.NotReady || fault.Code == crm.Internal {
		return nil, false
	}
	if rq.ByTool {
		fault = fault.ByTools()
	}
	return fault, true
}

// ParseTarget parses the path and query of a call. The query is taken as it is written, so
// that #, blanks and letters of any language need no escape in it. Paths are checked before
// the router sees them: one that is not clean, or hides characters, could look harmless to a
// person who confirms the call. The error is not_found, or method_not_allowed.
func ParseTarget(method, target string) (*url.URL, *crm.Error) {
	if !slices.Contains(Methods, method) {
		return nil, crm.Errorf(crm.MethodNotAllowed, "method is %s, not %s.", strings.Join(Methods, ", "), norm.Quote(method)).On("method")
	}
	raw, rest, _ := strings.Cut(target, "?")
	if raw != "" && raw[0] != '/' {
		raw = "/" + raw // contacts?search=acme, contact/c_1
	}
	decoded, err := url.PathUnescape(raw)
	if err != nil || !strings.HasPrefix(raw, "/") || strings.ContainsFunc(decoded, func(r rune) bool { return r == '\\' || norm.IsInvisible(r) }) ||
		strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' }) || path.Clean(decoded) != decoded {
		return nil, crm.Errorf(crm.NotFound, "%s is not a valid path; write it like /contacts or /contacts?search=acme. GET /help/paths lists every path.", norm.Quote(raw))
	}
	return &url.URL{Path: decoded, RawPath: raw, RawQuery: rest}, nil
}
