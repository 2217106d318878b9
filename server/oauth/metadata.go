package oauth

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/web"
)

// authorizationServer answers with the metadata of RFC 8414 section 3. Clients may keep it for
// five minutes. offline_access is listed for clients that ask for refresh tokens by that scope;
// every client gets them.
func (e *Endpoints) authorizationServer(rq *web.Request) (*render.Response, error) {
	rq.Writer.Header().Set("Cache-Control", "public, max-age=300")
	base := rq.Base()
	return web.JSON(object{
		"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"registration_endpoint": base + "/register", "revocation_endpoint": base + "/revoke",
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": []string{"none"}, "revocation_endpoint_auth_methods_supported": []string{"none"},
		"code_challenge_methods_supported": []string{"S256"}, "scopes_supported": []string{Scope, "offline_access"},
		"authorization_response_iss_parameter_supported": true, "service_documentation": base + "/help",
	}), nil
}

// protectedResource answers with the metadata of RFC 9728 section 3 for the resource whose path
// is at the end of the well-known URI. The URI without a path is about /mcp. resource must be
// the URL that the client called, to the letter (section 3.3), or it refuses the server.
func (e *Endpoints) protectedResource(rq *web.Request) (*render.Response, error) {
	rq.Writer.Header().Set("Cache-Control", "public, max-age=300")
	base := rq.Base()
	path := strings.TrimPrefix(rq.Path, "/.well-known/oauth-protected-resource")
	if path == "" {
		path = "/mcp"
	}
	return web.JSON(object{
		"resource": base + path, "authorization_servers": []string{base}, "scopes_supported": []string{Scope},
		"bearer_methods_supported": []string{"header"}, "resource_name": "crmkit", "resource_documentation": base + "/help",
	}), nil
}

// checkResource refuses a request for a token of another server (RFC 8707 section 2). Every
// token of this server is valid for all its resources.
func (e *Endpoints) checkResource(rq *web.Request, values []string) error {
	base := rq.Base()
	for _, value := range values {
		u, err := url.Parse(value)
		if err == nil {
			origin := edge.CanonicalOrigin(u.Scheme + "://" + u.Host)
			u.Scheme, u.Host = "", ""
			value = origin + strings.TrimSuffix(u.String(), "/")
		}
		if err != nil || !slices.Contains([]string{base, base + "/mcp", base + "/mcp/tools"}, value) {
			return &oauth.Error{Code: oauth.InvalidTarget, Description: "resource names another server; the resource of this one is " + base + "/mcp."}
		}
	}
	return nil
}
