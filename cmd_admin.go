package main

import (
	"context"
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// The commands of whoever owns the database file. They work beside a running
// server, which sees what they change within a second.

type tokenCommand struct {
	Email  string `help:"Whose token." required:"" placeholder:"EMAIL"`
	Create bool   `help:"Make the user and a workspace where there is no such user. The first user of a file is made without it." env:"-"`
	DB     string `name:"db" help:"The database file (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	Name   string `help:"What GET /tokens calls it." default:"crmkit token"`
	planFlags
}

// Run prints a token. It works beside a running server.
func (c tokenCommand) Run(ctx context.Context, io console) error {
	st, err := c.openExisting(ctx, c.DB, io)
	if err != nil {
		return err
	}
	defer st.Close()
	if !c.Create {
		if err := known(ctx, st, c.Email, "; to make that user add --create"); err != nil {
			return err
		}
	}
	in, err := auth.New(st, auth.Options{}).MintToken(ctx, c.Email, c.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.out, in.Token)
	return err
}

// known refuses an address that is no user's, where there are others: it may be mistyped.
func known(ctx context.Context, st *store.Store, email, also string) error {
	address, err := auth.ParseAddress(email)
	if err != nil {
		return nil // what comes next says so
	}
	if _, _, found, err := account.FindUser(ctx, st, address); found || err != nil {
		return err
	}
	names, err := someUsers(ctx, st)
	if names == "" || err != nil {
		return err
	}
	return fmt.Errorf("--email %s: there is no such user; there are %s%s", address, names, also)
}

// someUsers names the first users of a file, "" where there are none.
func someUsers(ctx context.Context, st *store.Store) (string, error) {
	const most = 10
	list, err := account.ListUsers(ctx, st, 0, most+1)
	var names []string
	for _, u := range list[:min(len(list), most)] {
		names = append(names, u.Email)
	}
	if len(list) > most {
		names = append(names, "and more (crmkit user list)")
	}
	return strings.Join(names, ", "), err
}

type planCommand struct {
	List planListCommand `cmd:"" help:"Print the plans."`
	Set  planSetCommand  `cmd:"" help:"Put a workspace or a user on a plan."`
}

type planListCommand struct {
	planFlags
}

// Run prints a line for each plan, in the form that --plans takes.
func (c planListCommand) Run(io console) error {
	plans, err := c.plans()
	if err != nil {
		return err
	}
	for _, p := range plans {
		if _, err := fmt.Fprintln(io.out, p); err != nil {
			return err
		}
	}
	return nil
}

type planSetCommand struct {
	Of   string `arg:"" help:"A workspace by its id (ws_…), for what it holds; or a user by the e-mail address, for how many workspaces they may make." placeholder:"WORKSPACE|EMAIL"`
	Plan string `arg:"" help:"The plan's name."`
	DB   string `name:"db" help:"The database file (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	planFlags
}

// Run sets the plan. For a user it also prints the workspaces, which keep theirs.
func (c planSetCommand) Run(ctx context.Context, io console) error {
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
	st, err := c.openExisting(ctx, c.DB, io)
	if err != nil {
		return err
	}
	defer st.Close()
	var workspaces []account.Workspace
	err = st.Write(ctx, crm.Actor{}, func(tx *store.Tx) (err error) {
		workspaces, err = account.SetPlan(tx, of, c.Plan)
		return err
	})
	if err != nil {
		return err
	}
	lines := fmt.Sprintf("%s plan=%s\n", of, c.Plan)
	for _, w := range workspaces {
		lines += memberLine(w)
	}
	_, err = fmt.Fprint(io.out, lines)
	return err
}

// ownerFlags say which file.
type ownerFlags struct {
	DB string `name:"db" help:"The database file (default ${default})." default:"crmkit.db" placeholder:"FILE"`
	planFlags
}

// with opens the file for fn.
func (f ownerFlags) with(ctx context.Context, io console, fn func(*store.Store) error) error {
	st, err := f.openExisting(ctx, f.DB, io)
	if err != nil {
		return err
	}
	defer st.Close()
	return fn(st)
}
