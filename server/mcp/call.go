package mcp

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
)

// innerCall is a request that a tool makes to the API.
type innerCall struct {
	method string
	target string // path and query
	body   string
	key    string // Idempotency-Key; empty: none
	run    string // Crmkit-Run; empty: none
	budget int    // tokens of the answer to a GET that asks for no other; that of a stream or a write is truncated. 0: any number
}

// call makes a request as the actor of the outer request, and returns the status and the text
// that the same request gets over HTTP. If denied is not nil, the token is no longer valid,
// and the answer to the outer request must be this error.
func (c *Connector) call(outer *web.Request, in innerCall) (status int, text string, denied *crm.Error) {
	u, known := innerURL(in.method, in.target)
	if known != nil {
		return known.Status(), errorText(known), nil
	}
	r := &http.Request{Method: in.method, URL: u, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(in.body))}
	if in.key != "" {
		r.Header.Set("Idempotency-Key", in.key)
	}
	if in.run != "" {
		r.Header.Set(crm.RunHeader, in.run)
	}
	reply := c.web.Call(outer, r, in.budget)
	if text = reply.Text; in.budget > 0 && !reply.Fitted {
		text = truncated(text)
	}
	return reply.Status, text, reply.Denied
}

// errorText returns an error as the API writes it in text.
func errorText(err *crm.Error) string {
	return string((&render.Response{Error: err}).Append(nil, render.Text))
}

// hidden are the first segments of paths that a tool may not call: those for clients that
// have not signed in, those of the protocol itself, which would nest, and metrics, which have
// a token of their own.
var hidden = []string{"mcp", "authorize", "token", "register", "revoke", "oauth", ".well-known", "auth", "metrics"}

// innerURL parses the path and query of a tool call, see web.ParseTarget. The error is that, or
// not_found for a path that no tool may call.
func innerURL(method, target string) (*url.URL, *crm.Error) {
	u, fault := web.ParseTarget(method, target)
	if fault != nil {
		return nil, fault
	}
	if first, _, _ := strings.Cut(u.Path[1:], "/"); slices.Contains(hidden, strings.ToLower(first)) {
		return nil, crm.Errorf(crm.NotFound, "%s cannot be called by a tool: the connection is signed in already, as GET /whoami shows. GET /help/paths lists every path.", norm.Quote(u.RawPath))
	}
	return u, nil
}

// truncated returns the text of an answer. A text over web.MaxToolText ends after a whole line,
// with a remark that says how to ask for less. Without this bound one call could fill the
// context of a model.
func truncated(text string) string {
	if len(text) <= web.MaxToolText {
		return text
	}
	cut := strings.LastIndexByte(text[:web.MaxToolText], '\n') + 1
	return text[:cut] + fmt.Sprintf("# cut here: the answer has %d bytes. Ask for less: limit=20, or fields= with the names you need\n", len(text))
}
