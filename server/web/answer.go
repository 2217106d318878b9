package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/edge"
)

// PlainText is the media type of answers in text.
const PlainText = "text/plain; charset=utf-8"

// Protocol is the form of answers of a route with another protocol than the API. Its query
// parameters are not checked: unknown ones are ignored.
type Protocol struct {
	Origins edge.Origins // the origins whose pages may read the answers

	// Failure returns the answer to a request that failed. Its status is that of
	// Failure.Error, unless the answer has one.
	Failure func(*Request, Failure) *render.Response
}

// Failure is the error of a request.
type Failure struct {
	Error *crm.Error // the answer for a client of the API
	Cause error      // what the handler returned
}

// JSON returns a document of a protocol other than the API. It panics where v cannot be
// encoded.
func JSON(v any) *render.Response {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is made of maps, strings and numbers
	}
	return &render.Response{Raw: &render.Raw{Type: JSONMedia, Body: string(body)}}
}

// Recover calls fn. A panic is returned as an error with its stack, which is for the log only.
func Recover(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return fn()
}

// errorDoc turns an error into an answer, and sets the headers that belong to it: Retry-After
// (RFC 9110 section 10.2.3), Allow (10.2.1) and WWW-Authenticate (11.6.1).
func (a *Adapter) errorDoc(rq *Request, err error) *render.Response {
	known := a.errorOf(rq, err)
	h := rq.Writer.Header()
	if known.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	if len(known.Allow) > 0 {
		h.Set("Allow", strings.Join(known.Allow, ", "))
	}
	if rq.ByTool {
		known = known.ByTools()
	}
	if known.Status() == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="crmkit"`)
	}
	if rq.Route == nil || rq.Route.Protocol == nil {
		return &render.Response{Error: known, Zone: rq.Actor.Zone}
	}
	doc := rq.Route.Protocol.Failure(rq, Failure{Error: known, Cause: err})
	if doc.Status == 0 {
		doc.Status = known.Status()
	}
	return doc
}

// errorOf returns the crm.Error in an error. Any other error is a fault of the server: it is
// logged with the id of the request, and the client sees only the id.
func (a *Adapter) errorOf(rq *Request, err error) *crm.Error {
	var known *crm.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		known = crm.Errorf(crm.NotReady, "the request was stopped before it was finished; if it was a write, it may or may not be saved. Read the record before you retry.")
		known.RetryAfter = time.Second
		return known
	}
	a.opts.Log.Error("internal error", "request_id", rq.ID, "error", err.Error())
	return crm.Errorf(crm.Internal, "the server failed; this is not your fault. Try once more, then report request id %s.", rq.ID)
}

// statusOf returns the status of an answer.
func statusOf(doc *render.Response) int {
	switch {
	case doc.Status != 0:
		return doc.Status
	case doc.Error != nil:
		return doc.Error.Status()
	}
	return http.StatusOK
}

// write writes the headers and the body of an answer. Every answer has the id of its request,
// which is in the log, and is stored by no cache unless the handler allows it.
func (a *Adapter) write(rq *Request, doc *render.Response, body []byte) (status int) {
	status = statusOf(doc)
	h := rq.Writer.Header()
	if doc.Version > 0 {
		h["Etag"] = []string{`"` + strconv.FormatInt(doc.Version, 10) + `"`}
	}
	if len(body) > 0 || doc.Stream != nil {
		h["Content-Type"] = []string{doc.Type(rq.Format)}
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
	h["X-Request-Id"] = []string{rq.ID}
	h["Vary"] = append(h["Vary"], "Accept, Authorization")
	if rq.ProtoMajor < 2 && rq.Context().Err() != nil {
		h["Connection"] = []string{"close"} // the contexts of later requests of the connection would have ended too
	}
	_ = http.NewResponseController(rq.Writer).SetWriteDeadline(time.Now().Add(edge.WriteTimeout)) // however long the work took
	rq.Writer.WriteHeader(status)
	if rq.Method != http.MethodHead {
		_, _ = rq.Writer.Write(body)
	}
	return status
}

// Names returns the fields that JSON has for a handle at the head of a line in text.
func Names(handle string) []render.Field {
	return []render.Field{{Name: "id", Value: crm.Str(crm.CutHandle(handle)), JSON: true}, {Name: "handle", Value: crm.Str(handle), JSON: true}}
}
