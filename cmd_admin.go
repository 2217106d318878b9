package main

import (
	"context"
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server/owner"
)

// tokenCommand makes a token without a mail: for the first user of a new file, and for
// programs on the machine of the server.
type tokenCommand struct {
	Email  string `help:"User to make the token for." required:"" placeholder:"EMAIL"`
	Create bool   `help:"Create the user, with a workspace, if the address is unknown. The first user of a file needs no --create." env:"-"`
	Name   string `help:"Name of the token in GET /tokens." default:"crmkit token"`
	ownerFlags
}

// Run prints the token alone on a line, so that a script can read it.
func (c tokenCommand) Run(ctx context.Context, con console) error {
	return c.do(ctx, con, &owner.Token{Email: c.Email, Create: c.Create, Name: c.Name, Plan: c.DefaultPlan})
}

// planCommand lists and sets plans. The names are defined by the settings; the file stores
// only which workspace or user has which.
type planCommand struct {
	List planListCommand `cmd:"" help:"Print the plans."`
	Set  planSetCommand  `cmd:"" help:"Put a workspace or a user on a plan."`
}

// planListCommand reads no file, so it shows the plans that a server with the same settings
// would have.
type planListCommand struct {
	planFlags
}

// Run prints a line for each plan in the form that --plans takes, so a line can be copied and
// changed.
func (c planListCommand) Run(con console) error {
	plans, err := c.plans()
	if err != nil {
		return err
	}
	for _, p := range plans {
		if _, err := fmt.Fprintln(con.out, p); err != nil {
			return err
		}
	}
	return nil
}

// planSetCommand takes one argument for a workspace or a user: their ids and addresses cannot
// be confused, and a plan means the same for both.
type planSetCommand struct {
	Of   string `arg:"" name:"workspace-or-email" help:"Id of a workspace (ws_…), whose records and members the plan limits; or e-mail address of a user, whose number of workspaces it limits."`
	Plan string `arg:"" help:"Name of the plan."`
	ownerFlags
}

// Run sets the plan. For a user it also prints the user's workspaces, whose plans do not
// change: a user's plan limits how many workspaces the user makes.
func (c planSetCommand) Run(ctx context.Context, con console) error {
	plans, err := c.plans()
	if err != nil {
		return err
	}
	if _, found := plans.ByName(c.Plan); !found {
		return fmt.Errorf("there is no plan %s; there are %s. --plans adds more", c.Plan, strings.Join(plans.Names(), ", "))
	}
	of, err := auth.ParseAddress(c.Of)
	if err != nil {
		of = crm.CutHandle(c.Of)
	}
	return c.do(ctx, con, &owner.SetPlan{Of: of, Plan: c.Plan})
}

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
