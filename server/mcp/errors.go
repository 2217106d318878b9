package mcp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
)

// messageError is an error of a request whose messages have been read. The answer names the
// message that it is about.
type messageError struct {
	id   string // of the message; empty: it has none
	code int    // of JSON-RPC; 0: failure derives it from the error
	err  error
}

func (e *messageError) Error() string { return e.err.Error() }
func (e *messageError) Unwrap() error { return e.err }

// failure writes an error as JSON-RPC defines it, with the HTTP status that it has in the API:
// clients sign in again on a 401 and wait on a 429. The id of the message is in the answer if
// the messages were read, else null (JSON-RPC 2.0 section 5).
func (c *Connector) failure(rq *web.Request, f web.Failure) *render.Response {
	known := f.Error.ByTools()
	if known.Status() == http.StatusUnauthorized {
		rq.Writer.Header().Set("WWW-Authenticate", c.challenge(rq, known))
	}
	if known.Code == crm.MethodNotAllowed {
		rq.Writer.Header().Set("Allow", "POST, OPTIONS")
		known = crm.Errorf(known.Code, "send MCP messages with POST; this server has no streams and no sessions.")
	}
	var about messageError
	if e := (*messageError)(nil); errors.As(f.Cause, &e) {
		about = *e
	}
	code := about.code
	switch {
	case code != 0:
	case known.Code == crm.Internal:
		code = rpcInternal
	case known.Status() >= 429 || known.Status() == http.StatusUnauthorized:
		code = rpcServerError
	default:
		code = rpcInvalidRequest
	}
	return rpcErrorDoc(about.id, code, known)
}

// rpcErrorDoc returns the answer of JSON-RPC to a message that failed. Its text has the code of
// the API as well, by which models and people recognise the error.
func rpcErrorDoc(id string, code int, known *crm.Error) *render.Response {
	return &render.Response{Raw: &render.Raw{Type: "application/json", Body: rpcAnswer(id, code, string(known.Code)+": "+known.Hint)}}
}

// challenge returns the WWW-Authenticate header that leads a client to the sign-in (RFC 9728
// section 5.1, RFC 6750 section 3). Its description is ASCII without quotes, since clients
// differ in how they read escapes.
func (c *Connector) challenge(rq *web.Request, known *crm.Error) string {
	path := strings.TrimSuffix(rq.Path, "/")
	text := fmt.Sprintf(`resource_metadata="%s/.well-known/oauth-protected-resource%s", scope="%s"`, rq.Base(), path, c.scope)
	if known.Code == crm.AuthRequired {
		return "Bearer " + text
	}
	plain := strings.NewReplacer(`"`, "'", `\`, "/").Replace(norm.OneLine(known.Hint))
	return fmt.Sprintf(`Bearer error="invalid_token", error_description="%s", %s`, strings.Map(asciiOnly, plain), text)
}

// asciiOnly replaces characters that a quoted string of a header cannot hold.
func asciiOnly(r rune) rune {
	if r < ' ' || r > '~' {
		return '?'
	}
	return r
}
