package server

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/account"
)

// The sign-in page: a form for each step, kept by the server, so that it needs no
// script. POST does a step and leads back to GET, which shows where it stands.

// cookieName is the cookie that binds a sign-in to the browser it began in.
func (s *Server) cookieName(rq *web.Request) string {
	if s.isHTTPS(rq) {
		return "__Host-crmkit_auth"
	}
	return "crmkit_auth"
}

func (s *Server) isHTTPS(rq *web.Request) bool { return strings.HasPrefix(rq.Base(), "https://") }

func (s *Server) browser(rq *web.Request) string {
	cookie, err := rq.Cookie(s.cookieName(rq))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// authorizePage answers GET /authorize: with the parameters of RFC 6749 section
// 4.1.1 it begins a sign-in, with request= it shows one.
func (s *Server) authorizePage(rq *web.Request) (*render.Response, error) {
	if err := singleValue(rq.Params); err != nil {
		return nil, err
	}
	if secret := rq.Params.Get("request"); secret != "" {
		p, err := s.oauth.Page(rq.Context(), secret, s.browser(rq))
		if err != nil {
			return nil, err
		}
		return s.show(rq, p, rq.Params, ""), nil
	}
	asked, err := s.pageRequest(rq)
	if err != nil {
		return nil, err
	}
	if rq.Method == http.MethodHead {
		return s.signInPage(rq, signPage{Step: "email"}, ""), nil
	}
	secret, cookie, err := s.oauth.Begin(rq.Context(), rq.Addr, asked, s.browser(rq))
	if err != nil {
		return nil, err
	}
	http.SetCookie(rq.Writer, &http.Cookie{Name: s.cookieName(rq), Value: cookie, Path: "/", HttpOnly: true, Secure: s.isHTTPS(rq), SameSite: http.SameSiteLaxMode})
	return s.seeOther(rq, "/authorize?request="+secret), nil
}

// pageRequest reads an authorization request. A fault ends in a page, never in a
// redirect: anybody can register a client, and would have an open redirector.
func (s *Server) pageRequest(rq *web.Request) (asked oauth.Authorization, err error) {
	p := rq.Params
	asked.Client, asked.Redirect, err = s.oauth.ClientFor(rq.Context(), p.Get("client_id"), p.Get("redirect_uri"))
	if err != nil {
		return asked, err
	}
	if err := s.checkResource(rq, p["resource"]); err != nil {
		return asked, err
	}
	asked.State, asked.Challenge = p.Get("state"), p.Get("code_challenge")
	fault := ""
	switch {
	case p.Get("response_type") != "code":
		fault = "The application asked for something else than a code (response_type=code)."
	case p.Get("response_mode") != "" && p.Get("response_mode") != "query":
		fault = "The application wants the answer in a form that is not supported (response_mode=query)."
	case p.Get("code_challenge_method") != "S256" || !oauth.ValidChallenge(asked.Challenge):
		fault = "The application did not protect the sign-in with PKCE (code_challenge and code_challenge_method=S256)."
	}
	if fault != "" {
		return asked, &oauth.Error{Code: oauth.InvalidRequest, Description: fault}
	}
	return asked, nil
}

// authorizeStep answers POST /authorize.
func (s *Server) authorizeStep(rq *web.Request) (*render.Response, error) {
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
	p, err := s.oauth.Page(rq.Context(), form.Get("request"), s.browser(rq))
	if err != nil {
		return nil, err
	}
	target, err := s.step(rq, p, form)
	var known *crm.Error
	if errors.As(err, &known) && (known.Status() < 500 || known.Code == crm.NotReady && known.RetryAfter > 0) {
		return s.redisplay(rq, form, known)
	}
	if err != nil {
		return nil, err
	}
	if target == "" {
		target = "/authorize?request=" + form.Get("request")
	}
	return s.seeOther(rq, target), nil
}

// step does what a form asks and returns where it leads; empty: to the page.
func (s *Server) step(rq *web.Request, p oauth.Page, form url.Values) (target string, err error) {
	ctx := rq.Context()
	switch step, do := form.Get("step"), form.Get("do"); {
	case do == "cancel":
		if err := s.oauth.Deny(ctx, rq.Addr, p); err != nil {
			return "", err
		}
		return s.response(rq, p, url.Values{"error": {"access_denied"}, "error_description": {"The person cancelled the sign-in."}}), nil
	case do == "email":
		return "", s.oauth.OtherAddress(ctx, rq.Addr, p)
	case do == "again" && p.Email != "" && !p.Verified:
		return "", s.oauth.SendCode(ctx, rq.Addr, p, p.Email)
	case step == "email" && !p.Verified:
		return "", s.oauth.SendCode(ctx, rq.Addr, p, form.Get("email"))
	case step == "code":
		return "", s.oauth.CheckCode(ctx, rq.Addr, p, form.Get("code"))
	case step == "access" && p.Verified:
		access, err := readAccess(form)
		if err != nil {
			return "", err
		}
		code, err := s.oauth.Allow(ctx, rq.Addr, p, access)
		if err != nil {
			return "", err
		}
		return s.response(rq, p, url.Values{"code": {code}}), nil
	}
	return "", nil // a form of an earlier step: the page shows where it stands
}

// readAccess reads the choices of the last form.
func readAccess(form url.Values) (access oauth.Access, err error) {
	access = oauth.Access{WorkspaceID: form.Get("workspace"), Scope: form.Get("scope"), Reach: form.Get("reach")}
	name := strings.TrimSpace(form.Get("workspace_name"))
	switch {
	case access.WorkspaceID == "":
		return access, crm.Errorf(crm.MissingField, "Choose a workspace.").On("workspace")
	case access.Scope == "":
		return access, crm.Errorf(crm.MissingField, "Choose what the application may do.").On("scope")
	case access.WorkspaceID != "new" && name != "":
		return access, crm.Errorf(crm.InvalidValue, "You named a new workspace, but chose another. Choose the new one, or empty its name.").On("workspace")
	case access.WorkspaceID == "new":
		access.WorkspaceID, access.NewName = "", name
	}
	return access, nil
}

// response returns the redirect of an authorization response, with iss
// (RFC 9207 section 2).
func (s *Server) response(rq *web.Request, p oauth.Page, values url.Values) string {
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

// seeOther answers 303, which never repeats a form elsewhere (RFC 9700 section
// 4.12).
func (s *Server) seeOther(rq *web.Request, target string) *render.Response {
	s.protect(rq, "")
	rq.Writer.Header().Set("Location", target)
	return &render.Response{Status: http.StatusSeeOther, Raw: &render.Raw{Type: web.PlainText}}
}

// redisplay shows a step whose input was refused, with what was wrong.
func (s *Server) redisplay(rq *web.Request, form url.Values, known *crm.Error) (*render.Response, error) {
	p, err := s.oauth.Page(rq.Context(), form.Get("request"), s.browser(rq))
	if err != nil {
		return nil, err
	}
	doc := s.show(rq, p, form, userMessage(known))
	doc.Status = known.Status()
	if known.Code == crm.InvalidCode {
		doc.Status = http.StatusBadRequest
	}
	return doc, nil
}

// userMessage words an error for who fills in the form: hints are for agents.
func userMessage(known *crm.Error) string {
	switch known.Code {
	case crm.InvalidEmail:
		return "That is not an e-mail address. Write it like you@example.com."
	case crm.InvalidCode:
		return "That code is wrong, was used, or is too old. Check it, or send a new one."
	case crm.SignupClosed:
		return "This server takes new people by invite only. Ask an admin of a workspace here to invite your address, then try again."
	case crm.NotAMember:
		return "You do not belong to that workspace any more. Choose another."
	case crm.PlanLimitReached:
		return "You have made as many workspaces as your plan allows. Choose one that is there."
	case crm.NotReady:
		return "Too many mails wait to be sent. Wait " + humanDuration(known.RetryAfter) + ", then try again."
	case crm.RateLimited:
		return "That was tried too often. Wait " + humanDuration(known.RetryAfter) + ", then try again."
	}
	return known.Hint
}

// humanDuration words a time to wait, rounded up.
func humanDuration(d time.Duration) string {
	if minutes := int(math.Ceil(d.Minutes())); minutes > 1 {
		return strconv.Itoa(minutes) + " minutes"
	}
	return "a minute"
}

// show returns the page of a sign-in under way. What stands in the form stays
// there, most of all a choice of less.
func (s *Server) show(rq *web.Request, p oauth.Page, form url.Values, problem string) *render.Response {
	to, _ := url.Parse(p.Redirect)
	page := signPage{Step: "email", Request: form.Get("request"), Client: p.ClientName, Where: oauth.RedirectLabel(p.Redirect), Email: form.Get("email"),
		Loopback: oauth.Loopback(to), App: to.Scheme != "http" && to.Scheme != "https", Problem: problem, Minutes: int(account.CodeLife.Minutes()), InviteOnly: s.opts.InviteOnly}
	switch {
	case p.Verified:
		page.Step, page.Email = "access", p.Email
		page.Scope, page.NewName, page.New = crm.ScopeWrite, form.Get("workspace_name"), form.Get("workspace") == "new"
		page.All = form.Get("reach") == crm.ReachAll
		if chosen := form.Get("scope"); slices.Contains(crm.Scopes(), chosen) {
			page.Scope = chosen
		}
		for i, w := range p.Workspaces {
			selected := w.ID == form.Get("workspace") || !form.Has("workspace") && i == 0
			page.Workspaces = append(page.Workspaces, pageWorkspace{ID: w.ID, Name: w.Name, Role: w.Role, Selected: selected})
		}
	case p.Email != "":
		page.Step, page.Email, page.LocalCode, page.Long, page.CodeForm = "code", p.Email, p.LocalCode, p.Long, p.CodeForm()
	}
	return s.signInPage(rq, page, formTarget(to))
}

// formTarget is the CSP source of where the last form leads: Chromium applies
// form-action to the redirect after it as well.
func formTarget(to *url.URL) string {
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return to.Scheme + ":"
	case strings.HasPrefix(to.Host, "["):
		return to.Scheme + ":" // CSP has no spelling for IPv6 literals
	}
	return to.Scheme + "://" + to.Host
}

// signInPage sends a page.
func (s *Server) signInPage(rq *web.Request, p signPage, target string) *render.Response {
	s.protect(rq, target)
	return &render.Response{Raw: &render.Raw{Type: "text/html; charset=utf-8", Body: string(p.html())}}
}

// protect sets the headers that keep a page from being framed, scripted or
// cached. With Referrer-Policy no-referrer the browser would send Origin: null.
func (s *Server) protect(rq *web.Request, target string) {
	h := rq.Writer.Header()
	h.Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src "+pageStyle()+"; form-action 'self' "+target)+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
}
