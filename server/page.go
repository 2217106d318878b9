package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/web"
)

//go:embed pages/page.html
var pageHTML string

//go:embed pages/style.css
var pageCSS string

// signPage is what a page of the sign-in shows. Everything in it is text, and is
// escaped where it goes.
type signPage struct {
	Step       string // email, code, access or error
	Request    string // secret of the sign-in, for the form
	Client     string // the name the client gave itself
	Where      string // where the answer goes: a host, or the scheme of an application
	Loopback   bool   // Where is a program on the person's machine
	App        bool   // Where is an application
	Email      string // to which the code went
	Problem    string // what was wrong with the last input; empty: nothing
	LocalCode  string // the code, where no mail is sent
	Long       bool   // the code has letters too
	CodeForm   string // what it looks like
	Minutes    int    // how long it lives
	InviteOnly bool   // only the invited get one
	Workspaces []pageWorkspace
	New        bool   // a new workspace is preselected
	NewName    string // its name
	Scope      string // preselected
	All        bool   // so is the reach to all workspaces

	Title, Text, Next string // of an error: what happened, what to do
}

type pageWorkspace struct {
	ID, Name, Role string
	Selected       bool
}

type pageScope struct {
	Word, Title, Text string
	Selected          bool
}

// Scopes are the choices of what a client may do.
func (p signPage) Scopes() []pageScope {
	return []pageScope{
		{crm.ScopeRead, web.ScopeTitle(crm.ScopeRead), "Look things up. It changes nothing.", p.Scope == crm.ScopeRead},
		{crm.ScopeWrite, web.ScopeTitle(crm.ScopeWrite), "Also create and change records. It deletes nothing.", p.Scope == crm.ScopeWrite},
		{crm.ScopeFull, web.ScopeTitle(crm.ScopeFull), "Also delete records, and manage the workspace, its members and your tokens.", p.Scope == crm.ScopeFull},
	}
}

// Heading is the title of the page.
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

// Style is the one style sheet, which stands in every page.
func (signPage) Style() template.CSS { return template.CSS(strings.TrimSpace(pageCSS)) }

// pageStyle returns the source that lets the style sheet through a Content
// Security Policy, and nothing else.
func pageStyle() string {
	sum := sha256.Sum256([]byte(strings.TrimSpace(pageCSS)))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// html returns the page.
func (p signPage) html() []byte {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		panic(err) // the template and the type are fixed
	}
	return b.Bytes()
}

// pageFailure shows an error as a page that says what to do.
func (s *Server) pageFailure(rq *web.Request, f web.Failure) *render.Response {
	known, status := f.Error, f.Error.Status()
	p := signPage{Step: "error", Title: "This sign-in cannot go on", Text: userMessage(known), Next: "Go back to your application and connect again."}
	rq.Writer.Header().Del("WWW-Authenticate")
	if known.Code == crm.RateLimited {
		p.Title, p.Next = "Not so fast", "Then reload this page."
	}
	var refused oauthError
	if errors.As(f.Cause, &refused) {
		status = http.StatusBadRequest
		p.Text = refused.description
		if refused.code == oauth.InvalidClient {
			p.Next = "Remove the connector in your application and add it again: it then registers anew."
		}
	}
	if status >= 500 {
		p.Title, p.Next = "The server failed", "Try again in a moment. If it happens again, tell who runs this server."
	}
	doc := s.signInPage(rq, p, "")
	doc.Status = status
	return doc
}
