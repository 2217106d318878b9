package web

import (
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store/account"
)

// Access is the right that a client needs to call a route.
type Access int

// The zero Access is the strictest: a route without one is for admins only.
const (
	Manage Access = iota // a full token of an admin of the workspace
	Leave                // a full token of an admin, or of the member that the path names
	Full                 // a full token
	Write                // a write or full token
	Read                 // any token
	Public               // anybody, without a token
)

// scope returns the scope that the token must include, if there is one.
func (a Access) scope() string {
	switch a {
	case Read, Public:
		return crm.ScopeRead
	case Write:
		return crm.ScopeWrite
	}
	return crm.ScopeFull
}

// oneCredential refuses a request with several Authorization headers: a proxy could have
// checked another one than the server does.
func (rq *Request) oneCredential() error {
	if n := len(rq.Header.Values("Authorization")); n > 1 {
		return crm.Errorf(crm.InvalidValue, "the request has %d Authorization headers; send one.", n).On("Authorization")
	}
	return nil
}

// authenticate finds the actor of the request, and counts the request for the rate of its token.
// A tool acts as the actor of its message, which was authenticated and counted.
//
// Errors: auth_required, invalid_token, token_expired, rate_limited.
func (a *Adapter) authenticate(rq *Request) error {
	if rq.ByTool { // the role may have changed since the first call of the message
		role, err := account.CurrentRole(rq.Context(), a.store, rq.Actor)
		rq.Actor.Role = role
		return err
	}
	if scheme, _, found := strings.Cut(rq.Header.Get("Authorization"), " "); found && !strings.EqualFold(scheme, "Bearer") {
		return crm.Errorf(crm.AuthRequired, "the Authorization scheme %s is not supported; send Authorization: Bearer <token>.", norm.Quote(scheme))
	}
	actor, err := a.auth.Actor(rq.Context(), auth.Bearer(rq.Header.Get("Authorization")))
	if err != nil {
		return err
	}
	actor.Addr = rq.Addr
	rq.Actor = actor
	return a.RateLimit("token " + actor.TokenID)
}

// recognize finds the actor of a request to a public route. Without a valid token there is none: everybody may read the
// answer, so no token is an error.
func (a *Adapter) recognize(rq *Request, ids []string) {
	if !rq.ByTool && rq.Header.Get("Authorization") == "" {
		return
	}
	if a.authenticate(rq) != nil || a.authorize(rq, ids) != nil {
		rq.Actor, rq.Env = crm.Actor{}, query.Env{}
	}
}

// authorize checks the access of the route against the scope of the token, and against the
// role in the workspace that the request is about. A path below /workspaces/{id} moves the
// actor into that workspace.
//
// Errors: scope_required, not_a_member, admin_required.
func (a *Adapter) authorize(rq *Request, ids []string) error {
	if need := rq.Route.Access.scope(); !crm.ScopeIncludes(rq.Actor.Scope, need) {
		return rq.ScopeError(need)
	}
	if rq.Route.IsAboutWorkspace() {
		id := crm.CutHandle(ids[0])
		if id != rq.Actor.WorkspaceID && !rq.Actor.CrossWorkspace() {
			return rq.otherWorkspace()
		}
		w, err := account.FindWorkspace(rq.Context(), a.store, rq.Actor.User, id)
		if err != nil {
			return err
		}
		rq.Actor = w.In(rq.Actor)
		if rq.Actor.Schema, err = a.store.Declared(rq.Context(), w.Number, w.Shape); err != nil {
			return err
		}
	}
	rq.Env = query.For(a.schema, rq.Actor, a.store.Now(), a.store.Secret())
	return rq.permitted(rq.Actor.Role)
}

// Reconnect begins a sentence that says how a user gives a connection other rights: the rights
// of a token never change.
const Reconnect = "the user reconnects: removes this connection in the client, adds it again, and on the sign-in page chooses "

// ScopeError returns the error for a token whose scope does not include the needed one. Tools get another text, since they cannot sign in.
func (rq *Request) ScopeError(need string) *crm.Error {
	what := fmt.Sprintf("%s %s needs a token of scope %s; this one has %s.", rq.Route.Method, rq.Route.Pattern(), need, rq.Actor.Scope)
	return crm.Errorf(crm.ScopeRequired, "%s To get one, sign in again: POST /auth/request, then POST /auth/verify with \"scope\":\"%s\" and \"workspace_id\":\"%s\".",
		what, need, rq.Actor.WorkspaceID).ForTools("%s For more, %s%s.", what, Reconnect, norm.Quote(ScopeTitle(need))).On("scope")
}

// otherWorkspace returns the error for a token that acts in another workspace.
func (rq *Request) otherWorkspace() *crm.Error {
	why := "another token created it"
	if rq.Actor.Origin == crm.OriginOAuth {
		why = "the person who connected it chose only that one"
	}
	what := fmt.Sprintf("this token works only in workspace %s, because %s.", rq.Actor.WorkspaceID, why)
	return crm.Errorf(crm.ScopeRequired, "%s To work in another workspace, sign in: POST /auth/request, then POST /auth/verify with \"workspace_id\".", what).
		ForTools("%s To work in another workspace, %sthat workspace, or all workspaces.", what, Reconnect)
}

// permitted checks the access of the route against a role in the workspace. It needs no read,
// so transactions and streams can call it again with the present role.
func (rq *Request) permitted(role string) error {
	self := rq.Route.Access == Leave && crm.CutHandle(rq.RecordID) == rq.Actor.UserID
	if rq.Route.Access > Leave || role == crm.RoleAdmin || self {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "only an admin of workspace %s may do that; you are a %s. GET /workspaces/%s/members?role=admin names the admins.", rq.Actor.WorkspaceID, role, rq.Actor.WorkspaceID)
}

// ScopeTitle returns the name of a scope on the sign-in page.
func ScopeTitle(scope string) string {
	switch scope {
	case crm.ScopeRead:
		return "Read"
	case crm.ScopeWrite:
		return "Read and write"
	}
	return "Everything you can do"
}
