package main

import (
	"context"

	"crmkit/crm"
	"crmkit/server/owner"
)

type userCommand struct {
	List   userListCommand   `cmd:"" help:"Print a line for each account, oldest first."`
	Show   userShowCommand   `cmd:"" help:"Print an account and its workspaces."`
	Remove userRemoveCommand `cmd:"" help:"Delete an account, and the workspaces without other members."`
}

type userListCommand struct{ ownerFlags }

// Run prints the accounts.
func (c userListCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.ListUsers{})
}

type userShowCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	ownerFlags
}

// Run prints the account and a line for each of its workspaces.
func (c userShowCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.ShowUser{Email: c.Email})
}

type userRemoveCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	Yes   bool   `help:"Delete it. Without this flag the command says what it would delete." env:"-"`
	ownerFlags
}

// Run deletes the account, or says what would be deleted.
func (c userRemoveCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.RemoveUser{Email: c.Email, Yes: c.Yes})
}

type workspaceCommand struct {
	List   workspaceListCommand   `cmd:"" help:"Print a line for each workspace, oldest first."`
	Remove workspaceRemoveCommand `cmd:"" help:"Delete a workspace with everything in it."`
}

type workspaceListCommand struct{ ownerFlags }

// Run prints the workspaces.
func (c workspaceListCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.ListWorkspaces{})
}

type workspaceRemoveCommand struct {
	ID  string `arg:"" help:"The workspace (ws_…)." placeholder:"WORKSPACE"`
	Yes bool   `help:"Delete it. Without this flag the command refuses, since only a backup could bring it back." env:"-"`
	ownerFlags
}

// Run deletes the workspace.
func (c workspaceRemoveCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.RemoveWorkspace{ID: crm.CutHandle(c.ID), Yes: c.Yes})
}

type clientCommand struct {
	List clientListCommand `cmd:"" help:"Print a line for each program that is registered over OAuth."`
}

type clientListCommand struct{ ownerFlags }

// Run prints the clients.
func (c clientListCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.ListClients{})
}
