package server

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"

	"crmkit/crm"
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
	Workspaces []pageWorkspace
	New        bool   // a new workspace is preselected
	NewName    string // its name
	Scope      string // preselected

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
		{crm.ScopeRead, "Read", "Look things up. It changes nothing.", p.Scope == crm.ScopeRead},
		{crm.ScopeWrite, "Read and write", "Also create and change records. It deletes nothing.", p.Scope == crm.ScopeWrite},
		{crm.ScopeFull, "Everything you can do", "Also delete records, and manage the workspace, its members and your tokens.", p.Scope == crm.ScopeFull},
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
