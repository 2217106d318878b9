package oauth

import (
	"net/http"
	"slices"
	"strings"

	"crmkit/auth"
	"crmkit/auth/oauth"
	"crmkit/server/edge"
	"crmkit/server/web"
	"crmkit/store"
)

// Endpoints are the handlers of the authorization server.
type Endpoints struct {
	oauth      *oauth.Server
	inviteOnly bool
}

// New returns the endpoints, which are safe for concurrent use.
func New(o Options) *Endpoints {
	return &Endpoints{oauth: oauth.New(o.Auth, o.Store), inviteOnly: o.InviteOnly}
}

// Options are what the endpoints need.
type Options struct {
	Auth       *auth.Auth
	Store      *store.Store
	InviteOnly bool // only invited people may sign up: the page says so
}

// Routes returns the routes of the authorization server: metadata (RFC 8414,
// RFC 9728), registration (RFC 7591), the sign-in page, tokens (RFC 6749, OAuth
// 2.1) and revocation (RFC 7009). Each endpoint is below /oauth and at the root, where some
// clients look whatever the metadata says.
func (e *Endpoints) Routes() []web.Route {
	protocol := &web.Protocol{Origins: edge.AnyOrigin, Failure: e.failure}
	document := func(path string, handle web.Handler) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Access: web.Public, Group: "connect", Protocol: protocol, Handle: asEndpoint(handle)}
	}
	rows := []web.Route{
		document("/.well-known/oauth-authorization-server", e.authorizationServer),
		document("/.well-known/oauth-protected-resource", e.protectedResource),
		document("/.well-known/oauth-protected-resource/mcp", e.protectedResource),
		document("/.well-known/oauth-protected-resource/mcp/tools", e.protectedResource),
	}
	page := &web.Protocol{Failure: e.pageFailure}
	for _, prefix := range []string{"", "/oauth"} {
		for path, handle := range map[string]web.Handler{"/register": e.register, "/token": e.tokenEndpoint, "/revoke": e.revokeEndpoint} {
			rows = append(rows, web.Route{Method: http.MethodPost, Path: prefix + path, Access: web.Public, Group: "connect", Protocol: protocol, Handle: asEndpoint(handle)})
		}
		rows = append(rows,
			web.Route{Method: http.MethodGet, Path: prefix + "/authorize", Access: web.Public, Protocol: page, Handle: asEndpoint(e.authorizePage)},
			web.Route{Method: http.MethodPost, Path: prefix + "/authorize", Access: web.Public, Protocol: page, Handle: asEndpoint(e.authorizeStep)})
	}
	slices.SortFunc(rows, func(a, b web.Route) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	return rows
}

// object is a JSON object that is sent. Its keys are sorted.
type object map[string]any

// Scope is the only OAuth scope. The user chooses on the sign-in page what a token may do;
// the client does not ask for it.
const Scope = "crm"
