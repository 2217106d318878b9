package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
)

// cookieName returns the name of the cookie that binds a sign-in to the browser in which it
// began. Over https the prefix keeps other hosts of the domain from setting it.
func (e *Endpoints) cookieName(rq *web.Request) string {
	if e.isHTTPS(rq) {
		return "__Host-crmkit_auth"
	}
	return "crmkit_auth"
}

// isHTTPS reports whether the browser reaches this server over https, perhaps through a proxy.
func (e *Endpoints) isHTTPS(rq *web.Request) bool { return strings.HasPrefix(rq.Base(), "https://") }

// browserSecret returns the value of that cookie, or "".
func (e *Endpoints) browserSecret(rq *web.Request) string {
	cookie, err := rq.Cookie(e.cookieName(rq))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// authorizePage answers GET /authorize. With the parameters of RFC 6749 section 4.1.1 it begins
// a sign-in and leads to its page, so that the parameters are in no form and no later address.
// With request= it shows the page. HEAD only checks the parameters.
func (e *Endpoints) authorizePage(rq *web.Request) (*render.Response, error) {
	if err := singleValue(rq.Params); err != nil {
		return nil, err
	}
	if secret := rq.Params.Get("request"); secret != "" {
		p, err := e.oauth.Page(rq.Context(), secret, e.browserSecret(rq))
		if err != nil {
			return nil, err
		}
		return e.show(rq, p, rq.Params, ""), nil
	}
	authorization, err := e.pageRequest(rq)
	if err != nil {
		return nil, err
	}
	if rq.Method == http.MethodHead {
		return e.signInPage(rq, signPage{Step: "email"}, ""), nil
	}
	secret, cookie, err := e.oauth.Begin(rq.Context(), rq.Addr, authorization, e.browserSecret(rq))
	if err != nil {
		return nil, err
	}
	http.SetCookie(rq.Writer, &http.Cookie{Name: e.cookieName(rq), Value: cookie, Path: "/", HttpOnly: true, Secure: e.isHTTPS(rq), SameSite: http.SameSiteLaxMode})
	return e.seeOther(rq, "/authorize?request="+secret), nil
}

// pageRequest reads an authorization request. An error ends in a page, never in a redirect.
// RFC 6749 section 4.1.2.1 would send most errors to the redirect URI, but anybody can register
// a client, and the server would send browsers wherever a link says (RFC 9700 section 4.11.2).
func (e *Endpoints) pageRequest(rq *web.Request) (authorization oauth.Authorization, err error) {
	p := rq.Params
	authorization.Client, authorization.Redirect, err = e.oauth.ClientFor(rq.Context(), p.Get("client_id"), p.Get("redirect_uri"))
	if err != nil {
		return authorization, err
	}
	if err := e.checkResource(rq, p["resource"]); err != nil {
		return authorization, err
	}
	authorization.State, authorization.Challenge = p.Get("state"), p.Get("code_challenge")
	fault := ""
	switch {
	case p.Get("response_type") != "code":
		fault = "The application must ask for a code (response_type=code)."
	case p.Get("response_mode") != "" && p.Get("response_mode") != "query":
		fault = "The application asked for a response mode that is not supported; only query is."
	case p.Get("code_challenge_method") != "S256" || !oauth.ValidChallenge(authorization.Challenge):
		fault = "The application did not protect the sign-in with PKCE (code_challenge and code_challenge_method=S256)."
	}
	if fault != "" {
		return authorization, &oauth.Error{Code: oauth.InvalidRequest, Description: fault}
	}
	return authorization, nil
}

// authorizeStep answers POST /authorize: it does one step and leads back to GET, which shows the
// next one. The form must come from this page: from the same origin, and with the cookie of the
// browser in which the sign-in began. Wrong input shows the step again with the problem.
func (e *Endpoints) authorizeStep(rq *web.Request) (*render.Response, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(rq.Base()); err != nil {
		return nil, err
	}
	if err := protection.Check(rq.Request); err != nil {
		return nil, &oauth.Error{Code: oauth.InvalidRequest, Description: "The form was sent from a page of another site."}
	}
	form, err := readForm(rq)
	if err != nil {
		return nil, err
	}
	p, err := e.oauth.Page(rq.Context(), form.Get("request"), e.browserSecret(rq))
	if err != nil {
		return nil, err
	}
	target, err := e.step(rq, p, form)
	var known *crm.Error
	if errors.As(err, &known) && (known.Status() < 500 || known.Code == crm.NotReady && known.RetryAfter > 0) {
		return e.redisplay(rq, form, known)
	}
	if err != nil {
		return nil, err
	}
	if target == "" {
		target = "/authorize?request=" + form.Get("request")
	}
	return e.seeOther(rq, target), nil
}

// step does what a form asks for. It returns the address to go to next, empty for the page. A
// form that does not fit the state of the sign-in does nothing, as after the back button.
func (e *Endpoints) step(rq *web.Request, p oauth.Page, form url.Values) (target string, err error) {
	ctx := rq.Context()
	switch step, do := form.Get("step"), form.Get("do"); {
	case do == "cancel":
		if err := e.oauth.Deny(ctx, rq.Addr, p); err != nil {
			return "", err
		}
		return e.response(rq, p, url.Values{"error": {"access_denied"}, "error_description": {"The person cancelled the sign-in."}}), nil
	case do == "email":
		return "", e.oauth.OtherAddress(ctx, rq.Addr, p)
	case do == "again" && p.Email != "" && !p.Verified:
		return "", e.oauth.SendCode(ctx, rq.Addr, p, p.Email)
	case step == "email" && !p.Verified:
		return "", e.oauth.SendCode(ctx, rq.Addr, p, form.Get("email"))
	case step == "code":
		return "", e.oauth.CheckCode(ctx, rq.Addr, p, form.Get("code"))
	case step == "access" && p.Verified:
		access, err := readAccess(form)
		if err != nil {
			return "", err
		}
		code, err := e.oauth.Allow(ctx, rq.Addr, p, access)
		if err != nil {
			return "", err
		}
		return e.response(rq, p, url.Values{"code": {code}}), nil
	}
	return "", nil // a form of an earlier step; the page shows the present one
}

// readAccess reads the choices of the last form. Nothing is granted by default: a missing scope
// or workspace is an error, and so is a choice that contradicts another.
func readAccess(form url.Values) (access oauth.Access, err error) {
	access = oauth.Access{WorkspaceID: form.Get("workspace"), Scope: form.Get("scope"), Reach: form.Get("reach")}
	name := strings.TrimSpace(form.Get("workspace_name"))
	switch {
	case access.WorkspaceID == "":
		return access, crm.Errorf(crm.MissingField, "Choose a workspace.").On("workspace")
	case access.Scope == "":
		return access, crm.Errorf(crm.MissingField, "Choose what the application may do.").On("scope")
	case access.WorkspaceID != "new" && name != "":
		return access, crm.Errorf(crm.InvalidValue, "You named a new workspace, but chose another. Choose the new one, or clear its name.").On("workspace")
	case access.WorkspaceID == "new":
		access.WorkspaceID, access.NewName = "", name
	}
	return access, nil
}

// response returns the redirect URI of an authorization response, with the issuer (RFC 9207
// section 2).
func (e *Endpoints) response(rq *web.Request, p oauth.Page, values url.Values) string {
	values.Set("iss", rq.Base())
	if p.State != "" {
		values.Set("state", p.State)
	}
	separator := "?"
	if strings.Contains(p.Redirect, "?") {
		separator = "&"
	}
	return p.Redirect + separator + values.Encode()
}

// seeOther answers with 303, after which a browser never sends the form again (RFC 9700
// section 4.12).
func (e *Endpoints) seeOther(rq *web.Request, target string) *render.Response {
	e.protect(rq, "")
	rq.Writer.Header().Set("Location", target)
	return &render.Response{Status: http.StatusSeeOther, Raw: &render.Raw{Type: web.PlainText}}
}

// redisplay shows a step again, with the problem of its input. A wrong code is 400 here,
// since 401 is about credentials in the header of a request (RFC 9110 section 15.5.2).
func (e *Endpoints) redisplay(rq *web.Request, form url.Values, known *crm.Error) (*render.Response, error) {
	p, err := e.oauth.Page(rq.Context(), form.Get("request"), e.browserSecret(rq))
	if err != nil {
		return nil, err
	}
	doc := e.show(rq, p, form, userMessage(known))
	doc.Status = known.Status()
	if known.Code == crm.InvalidCode {
		doc.Status = http.StatusBadRequest
	}
	return doc, nil
}
