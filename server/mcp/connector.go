package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/manual"
	"crmkit/server/web"
	"crmkit/store"
)

// Options are what a Connector needs.
type Options struct {
	Web     *web.Adapter // answers the requests of tools
	Store   *store.Store
	Log     *slog.Logger
	Version string // of the server
	Scope   string // the OAuth scope that a client asks for
}

// Connector answers MCP messages over HTTP. It is stateless: there are no sessions and no
// streams.
type Connector struct {
	web      *web.Adapter
	store    *store.Store
	schema   *crm.Schema
	log      *slog.Logger
	version  string
	scope    string
	manual   *manual.Manual
	toolsets map[string]http.Handler // servers of the SDK, by their path
}

// New returns a connector without tools. SetManual adds them.
func New(o Options) *Connector {
	return &Connector{web: o.Web, store: o.Store, schema: o.Store.Schema, log: o.Log, version: o.Version, scope: o.Scope}
}

// SetManual makes the tools, whose descriptions are taken from the manual. The manual
// describes the routes, those of the connector among them, so it is made after New. SetManual
// must be called before the first request.
func (c *Connector) SetManual(m *manual.Manual) {
	c.manual = m
	c.toolsets = c.newToolsets()
}

// Routes returns the routes of the connector: each path also with a slash at its end, as some
// clients write it.
func (c *Connector) Routes() []web.Route {
	var rows []web.Route
	for _, t := range []struct{ path, doc string }{
		{"/mcp", "MCP connector for chat clients: one tool, request; see /help/mcp"},
		{"/mcp/tools", "the same as five tools: read, write, delete, search, fetch"},
	} {
		set := t.path
		base := web.Route{Access: web.Read, Group: "connect", Protocol: &web.Protocol{Origins: edge.KnownOrigins, Failure: c.failure}}
		for _, path := range []string{set, set + "/"} {
			post, get, del := base, base, base
			post.Method, post.Path = http.MethodPost, path
			post.Handle = func(rq *web.Request) (*render.Response, error) { return c.post(rq, set) }
			if path == set {
				post.Doc = t.doc
			}
			get.Method, get.Path, get.Handle = http.MethodGet, path, noStream
			del.Method, del.Path, del.Handle = http.MethodDelete, path, noStream
			rows = append(rows, post, get, del)
		}
	}
	return rows
}

// noStream answers GET and DELETE, by which clients open streams and end sessions. The text
// of the error is replaced in failure.
func noStream(*web.Request) (*render.Response, error) {
	return nil, crm.Errorf(crm.MethodNotAllowed, "there are neither streams nor sessions.")
}

// call is a request to the connector on its way through the SDK.
type call struct {
	*web.Request
	denied atomic.Pointer[crm.Error] // set by a tool whose token is no longer valid: the answer is this error, so that the client signs in again
}

// callKey is the key of the call in the context that the SDK passes to tools.
type callKey struct{}

// callOf returns the call of a context that post made.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// post answers POST /mcp and POST /mcp/tools with the JSON of the SDK, or 202 without a body
// if no message needs an answer. Errors are unsupported_media, body_too_large, and those of
// messages, which name the message by its id.
func (c *Connector) post(rq *web.Request, set string) (doc *render.Response, err error) {
	kind, _, _ := strings.Cut(rq.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return nil, crm.Errorf(crm.UnsupportedMedia, "send the JSON-RPC message as Content-Type: application/json.")
	}
	body, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	messages, wrong := readMessages(body, rq.Header.Get("MCP-Protocol-Version"))
	if wrong != nil {
		return nil, &messageError{messages.id(), wrong.code, crm.Errorf(crm.BadJSON, "%s", wrong.hint)}
	}
	err = web.Recover(func() (err error) {
		doc, err = c.forward(rq, set, messages)
		return err
	})
	if err != nil {
		return nil, &messageError{id: messages.id(), err: err}
	}
	return doc, nil
}

// forward lets the SDK answer messages. Each further message of a batch is a request for the
// rate limit of the token; the adapter has counted the first. The headers are rewritten as the
// strictest version of the transport wants them, since clients differ in what they send.
func (c *Connector) forward(rq *web.Request, set string, messages rpcMessages) (*render.Response, error) {
	body, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	for range messages[1:] {
		if err := c.web.RateLimit("token " + rq.Actor.TokenID); err != nil {
			return nil, err
		}
	}
	call := &call{Request: rq}
	inner := rq.Request.Clone(context.WithValue(rq.Context(), callKey{}, call))
	inner.Body = io.NopCloser(bytes.NewReader(body))
	inner.ContentLength = int64(len(body))
	inner.Header.Set("Accept", "application/json, text/event-stream") // a client that accepts only JSON gets JSON as well
	inner.Header.Set("Content-Type", "application/json")
	inner.Header.Del("Last-Event-Id")
	inner.Header.Del("Mcp-Session-Id")
	w := &bufferedResponse{header: http.Header{}, status: http.StatusOK}
	c.toolsets[set].ServeHTTP(w, inner)
	if fault := call.denied.Load(); fault != nil {
		return nil, fault
	}
	if err := rq.Context().Err(); err != nil {
		return nil, err // the SDK's answer may be incomplete
	}
	if w.status >= 500 {
		return nil, fmt.Errorf("the MCP SDK answered %d: %s", w.status, w.body.String())
	}
	if kind := w.header.Get("Content-Type"); w.body.Len() > 0 && !strings.HasPrefix(kind, "application/json") {
		return c.reject(w, messages)
	}
	return &render.Response{Status: w.status, Raw: &render.Raw{Type: "application/json", Body: w.body.String()}}, nil
}

// reject returns the error for a message that the SDK answered with a status and a sentence
// instead of JSON.
func (c *Connector) reject(w *bufferedResponse, messages rpcMessages) (*render.Response, error) {
	text := norm.OneLine(strings.TrimSpace(w.body.String()))
	if strings.HasPrefix(text, "JSON RPC not handled") && len(messages) == 1 {
		// By JSON-RPC an unknown notification is ignored, and an unknown request gets an
		// error under the HTTP status 200.
		if messages.id() == "" {
			return &render.Response{Status: http.StatusAccepted, Raw: &render.Raw{Type: "application/json"}}, nil
		}
		unknown := crm.Errorf(crm.NotFound, "there is no method %s.", norm.Quote(messages[0].method))
		doc := rpcErrorDoc(messages.id(), rpcMethodNotFound, unknown)
		doc.Status = http.StatusOK
		return doc, nil
	}
	code := crm.InvalidValue
	switch w.status {
	case http.StatusUnsupportedMediaType:
		code = crm.UnsupportedMedia
	case http.StatusMethodNotAllowed:
		code = crm.MethodNotAllowed
	}
	return nil, crm.Errorf(code, "%s.", text)
}
