package web

import (
	"net/http"
	"net/url"
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/store"
	"crmkit/store/txn"
)

// Request is one request on its way through the adapter and a handler.
type Request struct {
	*http.Request
	Writer http.ResponseWriter // for headers; the adapter writes the answer
	ID     string              // of the request, as logged
	Addr   string              // of the client

	Route    *Route // nil until it is found
	Path     string // cleaned
	ParentID string // the first id of the path
	RecordID string // the last id of the path

	Params    url.Values
	RawParams url.Values    // as sent, where the handler added filters of its own
	Format    render.Format // of the answer
	Media     string        // type that the client asked for; only streams have more than text and JSON

	moment crm.Moment // of which the computed fields of the answer speak
	past   time.Time  // that moment, if the request asks for an earlier one

	Actor  crm.Actor
	Env    query.Env
	ByTool bool // made by a tool, on behalf of a request that has passed all checks
	Budget int  // tokens of the answer to a GET; 0: any number

	Before func(*store.Tx) error // runs first in the transaction of its write; nil: nothing does

	Remarks []string // added to the answer: how the request was read, where it has two meanings

	adapter    *Adapter
	messageKey string // replaces the Idempotency-Key of a tool call without one
	body       []byte // once it is read
	checked    bool   // body is a compact object that was read strictly
	digest     string // of the body, see bodyDigest
	bodyLimits bodyLimits
	line       *Line       // that the request is; nil: it is one of its own
	ahead      []txn.Ahead // what its write will ask
	group      store.Group // of the changes that it has saved; 0: none
	ends       []func()    // run when the request has ended

	later  []crm.Record           // of the last run of its write, see FollowsLater
	counts map[string][]crm.Count // by handle, see Dependents
}

// Base returns the origin at which the client of the request reaches this server.
func (rq *Request) Base() string { return edge.Base(rq.Request, rq.adapter.opts.BaseURL) }

// Moment returns the moment of which the computed fields of the answer speak.
func (rq *Request) Moment() *crm.Moment {
	now := rq.Env.Now
	if !rq.past.IsZero() {
		now = rq.past
	}
	rq.moment = crm.Moment{Now: now.UnixMilli(), Flow: rq.Env.Flow}
	return &rq.moment
}

// SpeaksOf says that the answer speaks of an earlier time: days in a stage are counted up to it. Probabilities, and after
// which time a stage is stale, are those of the pipelines of now.
func (rq *Request) SpeaksOf(at time.Time) { rq.past = at }

// WillAsk says what the write of the request will ask. It is called before the write.
func (rq *Request) WillAsk(list []txn.Ahead) { rq.ahead = append(rq.ahead, list...) }

// OnEnd registers a function that runs when the request has ended.
func (rq *Request) OnEnd(fn func()) { rq.ends = append(rq.ends, fn) }

// Hold reserves room until the request ends. The error is that of Enter.
func (rq *Request) Hold(in *edge.Admission, client string, size int64) *crm.Error {
	err := in.Enter(client, size)
	if err == nil {
		rq.OnEnd(func() { in.Leave(client, size) })
	}
	return err
}

// End runs the functions of OnEnd. The adapter calls it after the answer.
func (rq *Request) End() {
	for _, end := range rq.ends {
		end()
	}
	rq.ends = nil
}

// Choose returns the first text for a client of the API, and the second one for a tool,
// whose caller can neither sign in nor send another token.
func (rq *Request) Choose(api, tool string) string {
	if rq.ByTool {
		return tool
	}
	return api
}
