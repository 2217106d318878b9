package crm

import "time"

// Actor is who makes a request: a user through a token, inside one workspace.
type Actor struct {
	User   int64 // number of the user
	UserID string
	Email  string

	Workspace     int64 // number of the workspace
	WorkspaceID   string
	WorkspaceName string
	TimeZone      string         // IANA name
	Zone          *time.Location // of that name; nil is UTC
	Plan          string         // of the workspace
	Role          string         // of the user in it

	TokenID   string
	TokenName string
	Scope     string
	Origin    string // of the token
	Reach     string // of the token
	Addr      string // client address
}

// Scope words: a read token only asks; a write token also creates and changes
// records; a full token also deletes and manages workspaces and tokens.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
	ScopeFull  = "full"
)

// Scopes are the scope words, each allowing what those before it do.
func Scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeFull} }

// ScopeIncludes reports whether a token of the scope may do what needs another. An
// unknown scope covers nothing.
func ScopeIncludes(scope, need string) bool {
	switch scope {
	case ScopeFull:
		return need == ScopeFull || need == ScopeWrite || need == ScopeRead
	case ScopeWrite:
		return need == ScopeWrite || need == ScopeRead
	case ScopeRead:
		return need == ScopeRead
	}
	return false
}

// Role words.
const (
	RoleAdmin  = "admin"
	RoleMember = "member"
)

// Roles are the role words.
func Roles() []string { return []string{RoleAdmin, RoleMember} }

// Origins of tokens: an e-mailed code, another token, the owner of the database
// file, a connector that signed in on the page.
const (
	OriginCode   = "code"
	OriginMinted = "minted"
	OriginOwner  = "owner"
	OriginOAuth  = "oauth"
)

// Reach words: a token acts in one workspace, and some may go to, and make tokens
// for, all others of their user: those that a code or the owner of the file gave,
// and those of connections where the person chose so on the page. What a token
// makes stays in its one.
const (
	ReachOne = "one"
	ReachAll = "all"
)

// Reaches are the reach words.
func Reaches() []string { return []string{ReachOne, ReachAll} }

// CrossWorkspace reports whether the actor's token may act beyond its own workspace, in
// others of the same user.
func (a Actor) CrossWorkspace() bool { return a.Reach == ReachAll }
