package crm

import "time"

// Actor is the user, the token and the workspace of a request.
type Actor struct {
	User   int64 // number of the user
	UserID string
	Email  string

	Workspace     int64 // number of the workspace
	WorkspaceID   string
	WorkspaceName string
	TimeZone      string         // IANA name
	Zone          *time.Location // of that name; nil is UTC
	Country       string         // ISO 3166-1 alpha-2; empty: none
	Plan          string         // of the workspace
	Role          string         // of the user in it
	Schema        Rules          // what the workspace has declared; nil: nothing

	TokenID   string
	TokenName string
	Scope     string
	Origin    string // of the token
	Reach     string // of the token
	Addr      string // client address
	Run       string // the name of the run to which its changes belong; empty: none
}

// The scopes of tokens. A read token only reads; a write token also creates and changes
// records; a full token also deletes, and manages workspaces and tokens.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
	ScopeFull  = "full"
)

// Scopes returns the scopes. Each allows everything that the ones before it allow.
func Scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeFull} }

// ScopeIncludes reports whether a token of a scope may do something that needs the scope need.
// An unknown scope includes nothing.
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

// The roles of the members of a workspace.
const (
	RoleAdmin  = "admin"
	RoleMember = "member"
)

// Roles returns the roles.
func Roles() []string { return []string{RoleAdmin, RoleMember} }

// The origins of tokens: a code by mail, another token, the owner of the database file, a
// connector whose user signed in on the page.
const (
	OriginCode   = "code"
	OriginMinted = "minted"
	OriginOwner  = "owner"
	OriginOAuth  = "oauth"
)

// The reach of tokens. Every token acts in one workspace. One with the reach all may also move
// to the other workspaces of its user and make tokens for them. Tokens from a code or from the
// owner of the file have it, and those of a connector if the person chose so on the page. A
// token that was made by another token reaches one workspace only.
const (
	ReachOne = "one"
	ReachAll = "all"
)

// Reaches returns the values of a reach.
func Reaches() []string { return []string{ReachOne, ReachAll} }

// CrossWorkspace reports whether the actor's token may act in other workspaces of its user.
func (a Actor) CrossWorkspace() bool { return a.Reach == ReachAll }
