package crm

// Actor is who makes a request: a user through a token, inside one workspace.
type Actor struct {
	User          int64 // number of the user
	UserID        string
	Email         string
	Workspace     int64 // number of the workspace
	WorkspaceID   string
	WorkspaceName string
	TimeZone      string // IANA name
	Plan          string
	TokenID       string
	TokenName     string
	Scope         string
	Addr          string // client address
}

// Scope words. Every token of this version carries ScopeFull.
const ScopeFull = "full"
