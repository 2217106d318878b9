package main

import (
	"context"

	"crmkit/crm"
	"crmkit/server/owner"
)

// userCommand, workspaceCommand and clientCommand are what an operator needs besides the
// API: to see who uses a server, and to delete on request. They read no records.
type userCommand struct {
	List   userListCommand   `cmd:"" help:"Print a line for each account, oldest first."`
	Show   userShowCommand   `cmd:"" help:"Print an account and its workspaces."`
	Remove userRemoveCommand `cmd:"" help:"Delete an account, and the workspaces without other members."`
}

// userListCommand prints every account: there is no limit, since the output of a command can
// be piped into another one.
type userListCommand struct{ ownerFlags }

// Run prints the accounts.
func (c userListCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.ListUsers{})
}

type userShowCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	ownerFlags
}

// Run prints the account and a line for each of its workspaces.
func (c userShowCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.ShowUser{Email: c.Email})
}

// userRemoveCommand deletes an account for an operator, without the code by mail that users
// need for it: the user may have lost access to the mailbox.
type userRemoveCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	Yes   bool   `help:"Delete it. Without this flag the command says what it would delete, and deletes nothing." env:"-"`
	ownerFlags
}

// Run deletes the account. Without --yes it prints what would be deleted and changes nothing.
func (c userRemoveCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.RemoveUser{Email: c.Email, Yes: c.Yes})
}

type workspaceCommand struct {
	List   workspaceListCommand   `cmd:"" help:"Print a line for each workspace, oldest first."`
	Remove workspaceRemoveCommand `cmd:"" help:"Delete a workspace with everything in it."`
}

// workspaceListCommand prints the ids that plan set and workspace remove take.
type workspaceListCommand struct{ ownerFlags }

// Run prints the workspaces.
func (c workspaceListCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.ListWorkspaces{})
}

// workspaceRemoveCommand deletes a workspace whose members do not do it themselves.
type workspaceRemoveCommand struct {
	ID  string `arg:"" help:"The workspace (ws_…)." placeholder:"WORKSPACE"`
	Yes bool   `help:"Delete it. Without this flag the command says what it would delete, and deletes nothing." env:"-"`
	ownerFlags
}

// Run deletes the workspace. Without --yes the operation refuses.
func (c workspaceRemoveCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.RemoveWorkspace{ID: crm.CutHandle(c.ID), Yes: c.Yes})
}

// clientCommand only lists. A registered client has no rights of its own: those are in the
// tokens that users gave it, which they can revoke.
type clientCommand struct {
	List clientListCommand `cmd:"" help:"Print a line for each program that is registered over OAuth."`
}

// clientListCommand prints the names as the clients registered them. Nobody has verified
// them, so a name that looks like that of a known product proves nothing.
type clientListCommand struct{ ownerFlags }

// Run prints the clients.
func (c clientListCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.ListClients{})
}
