package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/edge"
	"crmkit/server/web"
)

// oauthRoutes returns the rows of the authorization server: metadata (RFC 8414,
// RFC 9728), registration (RFC 7591), the sign-in page, tokens (RFC 6749, OAuth
// 2.1) and revocation (RFC 7009). Each endpoint is at the root, where some clients
// look whatever the metadata says, and below /oauth.
func (s *Server) oauthRoutes() []web.Route {
	protocol := &web.Protocol{Origins: edge.AnyOrigin, Failure: s.oauthFailure}
	document := func(path string, handle web.Handler) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Access: web.Public, Group: "connect", Protocol: protocol, Handle: answerOAuth(handle)}
	}
	rows := []web.Route{
		document("/.well-known/oauth-authorization-server", s.authorizationServer),
		document("/.well-known/oauth-protected-resource", s.protectedResource),
		document("/.well-known/oauth-protected-resource/mcp", s.protectedResource),
		document("/.well-known/oauth-protected-resource/mcp/tools", s.protectedResource),
	}
	page := &web.Protocol{Failure: s.pageFailure}
	for _, prefix := range []string{"", "/oauth"} {
		for path, handle := range map[string]web.Handler{"/register": s.register, "/token": s.tokenEndpoint, "/revoke": s.revokeEndpoint} {
			rows = append(rows, web.Route{Method: http.MethodPost, Path: prefix + path, Access: web.Public, Group: "connect", Protocol: protocol, Handle: answerOAuth(handle)})
		}
		rows = append(rows,
			web.Route{Method: http.MethodGet, Path: prefix + "/authorize", Access: web.Public, Protocol: page, Handle: answerOAuth(s.authorizePage)},
			web.Route{Method: http.MethodPost, Path: prefix + "/authorize", Access: web.Public, Protocol: page, Handle: answerOAuth(s.authorizeStep)})
	}
	slices.SortFunc(rows, func(a, b web.Route) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
	return rows
}

// jsonObject is a JSON object to be sent; encoding/json sorts its keys.
type jsonObject map[string]any

// oauthError is an error of OAuth. To the adapter it is an invalid value.
type oauthError struct{ code, description string }

func (e oauthError) Error() string { return e.code + ": " + e.description }

func (e oauthError) Unwrap() error { return crm.Errorf(crm.InvalidValue, "%s", e.description) }

// answerOAuth marks the errors of OAuth that a handler returns.
func answerOAuth(handle web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		doc, err := handle(rq)
		var known *oauth.Error
		if errors.As(err, &known) {
			err = oauthError{known.Code, known.Description}
		}
		return doc, err
	}
}

// scopeWord is the one OAuth scope: what a token may do is chosen by the person
// on the sign-in page, not asked for by the client.
const scopeWord = "crm"

// authorizationServer answers the metadata of RFC 8414 section 3.
func (s *Server) authorizationServer(rq *web.Request) (*render.Response, error) {
	rq.Writer.Header().Set("Cache-Control", "public, max-age=300")
	base := rq.Base()
	return web.JSON(jsonObject{
		"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"registration_endpoint": base + "/register", "revocation_endpoint": base + "/revoke",
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported": []string{"none"}, "revocation_endpoint_auth_methods_supported": []string{"none"},
		"code_challenge_methods_supported": []string{"S256"}, "scopes_supported": []string{scopeWord, "offline_access"},
		"authorization_response_iss_parameter_supported": true, "service_documentation": base + "/help",
	}), nil
}

// protectedResource answers the metadata of RFC 9728 section 3 for the resource
// whose path the well-known URI ends in; the bare one is about /mcp.
func (s *Server) protectedResource(rq *web.Request) (*render.Response, error) {
	rq.Writer.Header().Set("Cache-Control", "public, max-age=300")
	base := rq.Base()
	path := strings.TrimPrefix(rq.Path, "/.well-known/oauth-protected-resource")
	if path == "" {
		path = "/mcp"
	}
	return web.JSON(jsonObject{
		"resource": base + path, "authorization_servers": []string{base}, "scopes_supported": []string{scopeWord},
		"bearer_methods_supported": []string{"header"}, "resource_name": "crmkit", "resource_documentation": base + "/help",
	}), nil
}

// checkResource refuses a token for another server (RFC 8707 section 2). Every
// token is good for the whole of this one.
func (s *Server) checkResource(rq *web.Request, values []string) error {
	base := rq.Base()
	for _, value := range values {
		u, err := url.Parse(value)
		if err == nil {
			origin := edge.CanonicalOrigin(u.Scheme + "://" + u.Host)
			u.Scheme, u.Host = "", ""
			value = origin + strings.TrimSuffix(u.String(), "/")
		}
		if err != nil || !slices.Contains([]string{base, base + "/mcp", base + "/mcp/tools"}, value) {
			return &oauth.Error{Code: oauth.InvalidTarget, Description: "resource is not this server; it is " + base + "/mcp."}
		}
	}
	return nil
}

// register answers POST /register. Members it does not know are ignored and those
// it cannot grant are replaced, as RFC 7591 sections 2 and 3.2.1 have it.
func (s *Server) register(rq *web.Request) (*render.Response, error) {
	data, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	members, err := norm.ReadObject(data)
	if err != nil {
		return nil, &oauth.Error{Code: oauth.InvalidMetadata, Description: "The body is no JSON object: " + err.Error() + "."}
	}
	var name string
	var redirects []string
	for _, m := range members {
		switch m.Name {
		case "client_name":
			name, _ = norm.Unquote(m.JSON)
		case "redirect_uris":
			if redirects, fault = redirectList(m.JSON); fault != nil {
				return nil, &oauth.Error{Code: oauth.InvalidRedirect, Description: fault.Hint}
			}
		}
	}
	c, err := s.oauth.Register(rq.Context(), rq.Addr, name, redirects)
	if err != nil {
		return nil, err
	}
	doc := web.JSON(jsonObject{
		"client_id": c.ID, "client_id_issued_at": c.Created.Unix(), "client_name": c.Name, "redirect_uris": redirects,
		"token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "scope": scopeWord,
	})
	doc.Status = http.StatusCreated
	return doc, nil
}

// redirectList reads redirect_uris.
func redirectList(json string) (uris []string, fault *crm.Error) {
	items, ok := norm.ParseItems(json, oauth.MaxRedirects)
	if len(items) > oauth.MaxRedirects {
		return nil, crm.TooMany("redirect_uris", oauth.MaxRedirects, "URIs", "Register those that are used.")
	}
	for _, item := range items {
		uri, isText := norm.Unquote(item)
		uris, ok = append(uris, uri), ok && isText
	}
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, "redirect_uris is an array of strings.")
	}
	return uris, nil
}

// form reads a body of application/x-www-form-urlencoded, each parameter at most
// once (RFC 6749 section 3.2).
func readForm(rq *web.Request) (url.Values, error) {
	kind, _, _ := strings.Cut(rq.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "Send the parameters as application/x-www-form-urlencoded."}
	}
	data, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	values, fault := query.Params(string(data))
	if fault != nil {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "The body cannot be read as a form: " + fault.Hint}
	}
	return values, singleValue(values)
}

// singleValue refuses repeated parameters. Only resource may repeat (RFC 8707 section 2).
func singleValue(values url.Values) error {
	for name, list := range values {
		if len(list) > 1 && name != "resource" {
			return &oauth.Error{Code: oauth.InvalidRequest, Description: norm.Quote(name) + " is given more than once."}
		}
	}
	return nil
}

// tokenEndpoint answers POST /token. Access tokens expire when they are idle, so
// there is no expires_in to send that would stay true.
func (s *Server) tokenEndpoint(rq *web.Request) (*render.Response, error) {
	form, err := readForm(rq)
	if err != nil {
		return nil, err
	}
	if err := s.checkResource(rq, form["resource"]); err != nil {
		return nil, err
	}
	var pair oauth.Pair
	switch form.Get("grant_type") {
	case "authorization_code":
		pair, err = s.oauth.Redeem(rq.Context(), rq.Addr, oauth.Redemption{Client: form.Get("client_id"), Code: form.Get("code"),
			Verifier: form.Get("code_verifier"), Redirect: form.Get("redirect_uri")})
	case "refresh_token":
		pair, err = s.oauth.Refresh(rq.Context(), rq.Addr, form.Get("client_id"), form.Get("refresh_token"))
	default:
		err = &oauth.Error{Code: oauth.UnsupportedGrantType, Description: "grant_type is authorization_code or refresh_token."}
	}
	if err != nil {
		return nil, err
	}
	return web.JSON(jsonObject{"access_token": pair.Access, "token_type": "Bearer", "refresh_token": pair.Refresh, "scope": scopeWord}), nil
}

// revokeEndpoint answers POST /revoke.
func (s *Server) revokeEndpoint(rq *web.Request) (*render.Response, error) {
	form, err := readForm(rq)
	if err != nil {
		return nil, err
	}
	if form.Get("token") == "" {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "token is missing."}
	}
	if err := s.oauth.RevokeSecret(rq.Context(), rq.Addr, form.Get("client_id"), form.Get("token")); err != nil {
		return nil, err
	}
	return web.JSON(jsonObject{}), nil
}

// oauthFailure spells an error as RFC 6749 section 5.2 has it.
func (s *Server) oauthFailure(rq *web.Request, f web.Failure) *render.Response {
	word, known, status := oauth.InvalidRequest, f.Error, f.Error.Status()
	var refused oauthError
	switch {
	case errors.As(f.Cause, &refused):
		word, status = refused.code, http.StatusBadRequest
		if word == oauth.InvalidClient {
			status = http.StatusUnauthorized
		}
	case status >= 500:
		word = "server_error"
	case status == http.StatusTooManyRequests:
		word = "temporarily_unavailable"
	}
	rq.Writer.Header().Del("WWW-Authenticate")
	doc := web.JSON(jsonObject{"error": word, "error_description": known.Hint})
	doc.Status = status
	return doc
}
