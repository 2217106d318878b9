package main

import (
	"context"
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/server/owner"
)

type tokenCommand struct {
	Email  string `help:"User to make the token for." required:"" placeholder:"EMAIL"`
	Create bool   `help:"Create the user, with a workspace, if the address is unknown. The first user of a file needs no --create." env:"-"`
	Name   string `help:"Name of the token in GET /tokens." default:"crmkit token"`
	ownerFlags
}

// Run prints a token.
func (c tokenCommand) Run(ctx context.Context, io console) error {
	return c.do(ctx, io, &owner.Token{Email: c.Email, Create: c.Create, Name: c.Name, Plan: c.DefaultPlan})
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
	Of   string `arg:"" help:"Id of a workspace (ws_…), to limit its records; or e-mail address of a user, to limit how many workspaces they make." placeholder:"WORKSPACE|EMAIL"`
	Plan string `arg:"" help:"Name of the plan."`
	ownerFlags
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
	return c.do(ctx, io, &owner.SetPlan{Of: of, Plan: c.Plan})
}
