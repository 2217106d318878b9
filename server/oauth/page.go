package oauth

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store/account"
)

//go:embed pages/page.html
var pageHTML string

//go:embed pages/style.css
var pageCSS string

// signPage is the data of a page. Everything in it is text, which the template escapes: the
// name of a client is written by anybody.
type signPage struct {
	Step       string // email, code, access or error; the template has a form for each
	Request    string // secret of the sign-in, for the form
	Client     string // name that the client registered
	Where      string // where the answer goes: a host, or the scheme of an application
	Loopback   bool   // Where is a program on the person's machine
	App        bool   // Where is an application, not a host
	Email      string // address to which the code was sent
	Problem    string // what was wrong with the last input; empty: nothing
	LocalCode  string // the code, where no mail is sent
	Long       bool   // the code has letters as well
	CodeForm   string // example of a code
	Minutes    int    // in which the code is valid
	InviteOnly bool   // only invited people get a code
	Workspaces []pageWorkspace
	New        bool   // a new workspace is preselected
	NewName    string // name of the new workspace
	Scope      string // that is preselected
	All        bool   // access to all workspaces is preselected

	Title, Text, Next string // of an error: what happened, what to do
}

// pageWorkspace is a workspace to choose.
type pageWorkspace struct {
	ID, Name, Role string
	Selected       bool
}

// pageScope is a scope to choose, with an explanation for people.
type pageScope struct {
	Word, Title, Text string
	Selected          bool
}

// Scopes returns the scopes to choose from, the narrowest first.
func (p signPage) Scopes() []pageScope {
	return []pageScope{
		{crm.ScopeRead, web.ScopeTitle(crm.ScopeRead), "Look things up. It changes nothing.", p.Scope == crm.ScopeRead},
		{crm.ScopeWrite, web.ScopeTitle(crm.ScopeWrite), "Also create and change records. It deletes nothing.", p.Scope == crm.ScopeWrite},
		{crm.ScopeFull, web.ScopeTitle(crm.ScopeFull), "Also delete records, and manage the workspace, its members and your tokens.", p.Scope == crm.ScopeFull},
	}
}

// Heading returns the title of the page.
func (p signPage) Heading() string {
	switch p.Step {
	case "email":
		return "Sign in to connect"
	case "code":
		return "Enter your code"
	case "access":
		return "Allow access?"
	}
	return p.Title
}

// Style returns the style sheet, which is part of every page.
func (signPage) Style() template.CSS { return template.CSS(strings.TrimSpace(pageCSS)) }

// pageStyle returns the source of a Content Security Policy that allows the style sheet and
// nothing else.
func pageStyle() string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(pageCSS)))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// html returns the page as HTML.
func (p signPage) html() []byte {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		panic(err) // the template and the type are fixed
	}
	return b.Bytes()
}

// show returns the page of a sign-in under way, at the step that the database says. Values of
// the form stay in it, above all a choice of fewer rights: a person who corrects one field
// would not see that another went back to its default. The default scope is write, which
// cannot delete.
func (e *Endpoints) show(rq *web.Request, p oauth.Page, form url.Values, problem string) *render.Response {
	to, _ := url.Parse(p.Redirect)
	page := signPage{Step: "email", Request: form.Get("request"), Client: p.ClientName, Where: oauth.RedirectLabel(p.Redirect), Email: form.Get("email"),
		Loopback: oauth.Loopback(to), App: to.Scheme != "http" && to.Scheme != "https", Problem: problem, Minutes: int(account.CodeLife.Minutes()), InviteOnly: e.inviteOnly}
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
	return e.signInPage(rq, page, formTarget(to))
}

// formTarget returns the CSP source of the redirect after the last form. Chromium applies
// form-action to that redirect as well, so the policy must name the client.
func formTarget(to *url.URL) string {
	switch {
	case to.Scheme != "http" && to.Scheme != "https":
		return to.Scheme + ":"
	case strings.HasPrefix(to.Host, "["):
		return to.Scheme + ":" // CSP has no spelling for IPv6 literals
	}
	return to.Scheme + "://" + to.Host
}

// signInPage returns the answer with a page.
func (e *Endpoints) signInPage(rq *web.Request, p signPage, target string) *render.Response {
	e.protect(rq, target)
	return &render.Response{Raw: &render.Raw{Type: "text/html; charset=utf-8", Body: string(p.html())}}
}

// protect sets the headers that keep a page from being framed and scripted; the adapter forbids
// caching. With Referrer-Policy no-referrer the browser would send Origin: null with the form,
// which the check of its origin refuses.
func (e *Endpoints) protect(rq *web.Request, target string) {
	h := rq.Writer.Header()
	h.Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src "+pageStyle()+"; form-action 'self' "+target)+"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
}
