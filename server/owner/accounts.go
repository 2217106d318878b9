package owner

import (
	"context"
	"fmt"
	"strings"

	"crmkit/auth"
	"crmkit/auth/oauth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// defaultEmail is the user of a database that has none.
const defaultEmail = "me@crmkit.local"

// SignIn prints a token with which a command acts on the records of the file. The command
// ends it with SignOut. If the command is killed the token stays in the list of its user,
// but nobody knows its secret.
type SignIn struct {
	Email string // of the user; empty: the only user of the file
	Name  string // of the token: the command
	Plan  string // of the user, if this creates one
}

func (*SignIn) name() string { return "sign-in" }

func (op *SignIn) run(c *call) (err error) {
	email := op.Email
	if email == "" {
		email, err = onlyUser(c.ctx, c.store)
	} else {
		err = known(c.ctx, c.store, email, "")
	}
	if err != nil {
		return err
	}
	in, err := auth.New(c.store, auth.Options{NewUserPlan: op.Plan}).MintToken(c.ctx, email, op.Name)
	if err != nil {
		return fmt.Errorf("--email: %s", errorText(err))
	}
	_, err = fmt.Fprintln(c.out, in.Token)
	return err
}

// SignOut ends a token that SignIn printed. An unknown token is not an error, so a command
// may sign out again after a lost answer.
type SignOut struct {
	Token string
}

func (*SignOut) name() string { return "sign-out" }

func (op *SignOut) run(c *call) error {
	return oauth.New(c.auth(), c.store).RevokeSecret(c.ctx, "", "", op.Token)
}

// Token prints a token for a user. It needs no code: a person who can open the file could
// write the token into it.
type Token struct {
	Email  string
	Create bool // create the user if there is no account of that address
	Name   string
	Plan   string // of the user, if this creates one
}

func (*Token) name() string { return "token" }

func (op *Token) run(c *call) error {
	if !op.Create {
		if err := known(c.ctx, c.store, op.Email, "; to create that user add --create"); err != nil {
			return err
		}
	}
	in, err := auth.New(c.store, auth.Options{NewUserPlan: op.Plan}).MintToken(c.ctx, op.Email, op.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, in.Token)
	return err
}

// SetPlan puts a workspace, or a user, on a plan. For a user it also prints the workspaces,
// which keep theirs.
type SetPlan struct {
	Of   string // an id or an address
	Plan string
}

func (*SetPlan) name() string { return "set-plan" }

func (op *SetPlan) run(c *call) error {
	var workspaces []account.Workspace
	err := c.store.Write(c.ctx, crm.Actor{}, func(tx *store.Tx) (err error) {
		workspaces, err = account.SetPlan(tx, op.Of, op.Plan)
		return err
	})
	if err != nil {
		return err
	}
	lines := fmt.Sprintf("%s plan=%s\n", op.Of, op.Plan)
	for _, w := range workspaces {
		lines += memberLine(w)
	}
	_, err = fmt.Fprint(c.out, lines)
	return err
}

// onlyUser returns the user of a file that has one, and defaultEmail for a file without
// users. If there are several it returns an error instead of choosing: the records of the
// wrong user would look like those of the right one.
func onlyUser(ctx context.Context, st *store.Store) (string, error) {
	list, err := account.ListUsers(ctx, st, 0, 2)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return defaultEmail, nil
	case len(list) == 1:
		return list[0].Email, nil
	}
	names, err := someUsers(ctx, st)
	if err == nil {
		err = fmt.Errorf("the database has several users; choose one with --email: %s", names)
	}
	return "", err
}

// known refuses an address of no user if the file has users, since it may be mistyped. also
// ends the error. An address that cannot be parsed passes: creating the token refuses it
// with a better text.
func known(ctx context.Context, st *store.Store, email, also string) error {
	address, err := auth.ParseAddress(email)
	if err != nil {
		return nil
	}
	if _, _, found, err := account.FindUser(ctx, st, address); found || err != nil {
		return err
	}
	names, err := someUsers(ctx, st)
	if names == "" || err != nil {
		return err
	}
	return fmt.Errorf("--email %s: no user has this address; the users are %s%s", address, names, also)
}

// someUsers names the first users of a file for an error, "" if it has no users.
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
