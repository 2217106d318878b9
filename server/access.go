package server

import (
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/store"
	"crmkit/store/account"
)

// access says who may call a route.
type access int

// The zero access is the strictest, so that a forgotten column lets nobody in
// who should not be.
const (
	manage access = iota // a full token of an admin of the workspace
	leave                // a full token of an admin, or of the member that the path names
	full                 // a full token
	write                // a write or full token
	read                 // any token
	public               // anybody
)

// scope returns what the token must at least be.
func (a access) scope() string {
	switch a {
	case read:
		return crm.ScopeRead
	case write:
		return crm.ScopeWrite
	}
	return crm.ScopeFull
}

// oneCredential refuses a request with several Authorization headers: whoever
// stands between could have read another than we do.
func (rq *request) oneCredential() error {
	if n := len(rq.Header.Values("Authorization")); n > 1 {
		return crm.Errorf(crm.InvalidValue, "%d Authorization headers came; send one.", n).On("Authorization")
	}
	return nil
}

// authenticate finds out who asks.
func (s *Server) authenticate(rq *request) error {
	if rq.internal { // one message may hold many calls, and each may take long
		role, err := account.CurrentRole(rq.Context(), s.store, rq.actor)
		rq.actor.Role = role
		return err
	}
	if scheme, _, found := strings.Cut(rq.Header.Get("Authorization"), " "); found && !strings.EqualFold(scheme, "Bearer") {
		return crm.Errorf(crm.AuthRequired, "the Authorization scheme %s is not taken; send Authorization: Bearer <token>.", norm.Quote(scheme))
	}
	actor, err := s.auth.Actor(rq.Context(), auth.Bearer(rq.Header.Get("Authorization")))
	if err != nil {
		return err
	}
	actor.Addr = rq.addr
	rq.actor = actor
	return s.rateLimit("token " + actor.TokenID)
}

// authorize checks the access column against the token, and against the role in
// the workspace the request is about.
func (s *Server) authorize(rq *request, ids []string) error {
	if need := rq.route.Access.scope(); !crm.ScopeIncludes(rq.actor.Scope, need) {
		return rq.scopeError(need)
	}
	if rq.route.team() {
		id := crm.CutHandle(ids[0])
		if id != rq.actor.WorkspaceID && !rq.actor.CrossWorkspace() {
			return rq.staysHint()
		}
		w, err := account.FindWorkspace(rq.Context(), s.store, rq.actor.User, id)
		if err != nil {
			return err
		}
		rq.actor = w.In(rq.actor)
	}
	rq.env = query.For(s.schema, rq.actor, s.store.Now(), s.store.Secret())
	return rq.permitted(rq.actor.Role)
}

// reconnect is how a person gives a connection other rights: on the sign-in page.
const reconnect = "the user reconnects: removes this connection in the client, adds it again, and on the sign-in page chooses "

// scopeError is the error for a token whose scope does not cover what is needed.
func (rq *request) scopeError(need string) *crm.Error {
	what := fmt.Sprintf("%s %s needs a token of scope %s; this one has %s.", rq.route.Method, rq.route.Pattern(), need, rq.actor.Scope)
	return crm.Errorf(crm.ScopeRequired, "%s The user gets one by signing in again: POST /auth/request, then POST /auth/verify with \"scope\":\"%s\" and \"workspace_id\":\"%s\".",
		what, need, rq.actor.WorkspaceID).ForTools("%s For more, %s%s.", what, reconnect, norm.Quote(scopeTitle(need))).On("scope")
}

// staysHint is the error for a token that is for another workspace.
func (rq *request) staysHint() *crm.Error {
	why := "another token made it"
	if rq.actor.Origin == crm.OriginOAuth {
		why = "whoever connected it chose that one only"
	}
	what := fmt.Sprintf("this token stays in its workspace %s, because %s.", rq.actor.WorkspaceID, why)
	return crm.Errorf(crm.ScopeRequired, "%s For another, sign in: POST /auth/request, then POST /auth/verify with \"workspace_id\".", what).
		ForTools("%s For another, %sthat workspace, or all workspaces.", what, reconnect)
}

// refusal picks the words of a remark: for who calls the API, or for who calls through
// tools, which can neither sign in nor send another token.
func (rq *request) refusal(api, tools string) string {
	if rq.internal {
		return tools
	}
	return api
}

// permitted checks the access column against a role in the workspace.
func (rq *request) permitted(role string) error {
	self := rq.route.Access == leave && crm.CutHandle(rq.recordID) == rq.actor.UserID
	if rq.route.Access > leave || role == crm.RoleAdmin || self {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "only an admin of workspace %s may do that; you are a %s. GET /workspaces/%s/members?role=admin names the admins.", rq.actor.WorkspaceID, role, rq.actor.WorkspaceID)
}

// write runs a write of the request, whose answer is part of it: it may have to be
// given again.
func (s *Server) write(rq *request, fn func(*store.Tx) (*render.Response, error)) (doc *render.Response, err error) {
	err = s.change(rq, func(tx *store.Tx) (err error) {
		doc, err = rq.withIdempotency(tx, fn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// change runs a write of the request. Token and role are looked at again in the
// transaction itself: they may have been revoked or changed while the body came
// in, or by the write just before.
func (s *Server) change(rq *request, fn func(*store.Tx) error) error {
	return s.store.Write(rq.Context(), rq.actor, rq.entered(fn))
}

// entered returns fn behind a look at what the actor may do now.
func (rq *request) entered(fn func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if err := account.Reauthorize(tx); err != nil {
			return err
		}
		if err := rq.permitted(tx.Actor.Role); err != nil {
			return err
		}
		return fn(tx)
	}
}

// rateLimit refuses a request that comes too soon after others under the same key.
func (s *Server) rateLimit(key string) error {
	wait := s.limiter.Take(key, s.store.Now())
	if wait == 0 {
		return nil
	}
	err := crm.Errorf(crm.RateLimited, "too many requests: at most %d a second are taken, and some more at once. Wait as Retry-After says; lists take limit=200.", s.opts.Rate)
	err.RetryAfter = wait
	return err
}
