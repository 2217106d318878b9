package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/web"
)

// register answers POST /register with 201 and the client. As RFC 7591 sections 2 and 3.2.1
// require, unknown members are ignored, and values that cannot be granted are replaced. A client
// gets no secret: programs on the machines of people cannot keep one, and PKCE replaces it.
// Errors are invalid_client_metadata and invalid_redirect_uri.
func (e *Endpoints) register(rq *web.Request) (*render.Response, error) {
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
	c, err := e.oauth.Register(rq.Context(), rq.Addr, name, redirects)
	if err != nil {
		return nil, err
	}
	doc := web.JSON(object{
		"client_id": c.ID, "client_id_issued_at": c.Created.Unix(), "client_name": c.Name, "redirect_uris": redirects,
		"token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"}, "scope": Scope,
	})
	doc.Status = http.StatusCreated
	return doc, nil
}

// redirectList parses redirect_uris, of which there are at most oauth.MaxRedirects. Whether a
// URI is safe is decided by Register.
func redirectList(json string) (uris []string, fault *crm.Error) {
	items, ok := norm.ParseItems(json, oauth.MaxRedirects)
	if len(items) > oauth.MaxRedirects {
		return nil, crm.TooMany("redirect_uris", oauth.MaxRedirects, "URIs", "Register only those that are used.")
	}
	for _, item := range items {
		uri, isText := norm.Unquote(item)
		uris, ok = append(uris, uri), ok && isText
	}
	if !ok {
		return nil, crm.Errorf(crm.InvalidValue, "redirect_uris must be an array of strings.")
	}
	return uris, nil
}

// readForm reads a body of application/x-www-form-urlencoded, with each parameter at most once
// (RFC 6749 section 3.2).
func readForm(rq *web.Request) (url.Values, error) {
	kind, _, _ := strings.Cut(rq.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "Send the parameters as application/x-www-form-urlencoded."}
	}
	data, fault := rq.Bytes()
	if fault != nil {
		return nil, fault
	}
	values, fault := param.All(string(data))
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

// tokenEndpoint answers POST /token with a pair of tokens (RFC 6749 section 5.1). It has no
// expires_in, since an access token expires some time after its last use. Errors are those of
// RFC 6749 section 5.2, and invalid_target (RFC 8707 section 2).
func (e *Endpoints) tokenEndpoint(rq *web.Request) (*render.Response, error) {
	form, err := readForm(rq)
	if err != nil {
		return nil, err
	}
	if err := e.checkResource(rq, form["resource"]); err != nil {
		return nil, err
	}
	var pair oauth.Pair
	switch form.Get("grant_type") {
	case "authorization_code":
		pair, err = e.oauth.Redeem(rq.Context(), rq.Addr, oauth.Redemption{Client: form.Get("client_id"), Code: form.Get("code"),
			Verifier: form.Get("code_verifier"), Redirect: form.Get("redirect_uri")})
	case "refresh_token":
		pair, err = e.oauth.Refresh(rq.Context(), rq.Addr, form.Get("client_id"), form.Get("refresh_token"))
	default:
		err = &oauth.Error{Code: oauth.UnsupportedGrantType, Description: "grant_type must be authorization_code or refresh_token."}
	}
	if err != nil {
		return nil, err
	}
	return web.JSON(object{"access_token": pair.Access, "token_type": "Bearer", "refresh_token": pair.Refresh, "scope": Scope}), nil
}

// revokeEndpoint answers POST /revoke with an empty object. As RFC 7009 section 2.2 requires,
// revoking an unknown token succeeds. Either token of a pair ends both.
func (e *Endpoints) revokeEndpoint(rq *web.Request) (*render.Response, error) {
	form, err := readForm(rq)
	if err != nil {
		return nil, err
	}
	if form.Get("token") == "" {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "token is missing."}
	}
	if err := e.oauth.RevokeSecret(rq.Context(), rq.Addr, form.Get("client_id"), form.Get("token")); err != nil {
		return nil, err
	}
	return web.JSON(object{}), nil
}
