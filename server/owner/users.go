package owner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmkit/auth"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// pageSize is how many rows a list reads at once.
const pageSize = 500

// lostAnswer ends the output of a removal that is repeated and finds nothing to remove: the
// owner before may have done it, and ended before it answered.
const lostAnswer = "# it was done by a process that ended before it could answer\n"

// ListUsers prints a line for each account, oldest first.
type ListUsers struct{}

func (*ListUsers) name() string { return "list-users" }

func (*ListUsers) run(c *call) error {
	for after := int64(0); ; {
		list, err := account.ListUsers(c.ctx, c.store, after, pageSize)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, u := range list {
			if _, err := fmt.Fprintln(c.out, userLine(u)); err != nil {
				return err
			}
		}
		after = list[len(list)-1].Number
	}
}

// ShowUser prints an account and a line for each of its workspaces.
type ShowUser struct {
	Email string
}

func (*ShowUser) name() string { return "show-user" }

func (op *ShowUser) run(c *call) error {
	u, list, err := userOf(c.ctx, c.store, op.Email)
	if err != nil {
		return err
	}
	lines := userLine(u) + "\n"
	for _, w := range list {
		lines += memberLine(w)
	}
	_, err = fmt.Fprint(c.out, lines)
	return err
}

// RemoveUser deletes an account with the workspaces that have no other member, or prints
// what would be deleted.
type RemoveUser struct {
	Email string
	Yes   bool // delete it
}

func (*RemoveUser) name() string { return "remove-user" }

func (op *RemoveUser) run(c *call) error {
	u, list, err := userOf(c.ctx, c.store, op.Email)
	switch {
	case err != nil && u.Email != "" && c.again && op.Yes:
		_, err = fmt.Fprintf(c.out, "removed email=%s\n%s", u.Email, lostAnswer)
		return err
	case err != nil:
		return err
	case !op.Yes:
		return printRemoval(c, u, list)
	}
	left, err := c.auth().RemoveUser(c.ctx, u.Email)
	if err != nil {
		return err
	}
	lines := "removed user/" + u.ID + " email=" + norm.ShowEmail(u.Email) + "\n"
	for _, w := range left.Deleted {
		lines += "deleted " + memberLine(w)
	}
	for _, w := range left.Kept {
		lines += "left " + memberLine(w)
	}
	_, err = fmt.Fprint(c.out, lines)
	return err
}

// printRemoval prints what would be deleted with an account.
func printRemoval(c *call, u account.User, list []account.Workspace) error {
	lines := "would remove " + userLine(u) + "\n"
	for _, w := range list {
		lines += "member of " + memberLine(w)
	}
	_, err := fmt.Fprint(c.out, lines, "# workspaces without another member are deleted with it; to do it, repeat with --yes\n")
	return err
}

// ListWorkspaces prints a line for each workspace, oldest first.
type ListWorkspaces struct{}

func (*ListWorkspaces) name() string { return "list-workspaces" }

func (*ListWorkspaces) run(c *call) error {
	for after := int64(0); ; {
		list, err := account.ListWorkspaces(c.ctx, c.store, after, pageSize)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, w := range list {
			_, err := fmt.Fprintf(c.out, "workspace/%s name=%s plan=%s members=%d contacts=%d created_at=%s\n", w.ID, norm.AppendValue(nil, w.Name), w.Plan, w.Members, w.Contacts, day(w.CreatedAt))
			if err != nil {
				return err
			}
		}
		after = list[len(list)-1].Number
	}
}

// RemoveWorkspace deletes a workspace with all its records, members and tokens.
type RemoveWorkspace struct {
	ID  string
	Yes bool // delete it; otherwise the error says what would be deleted
}

func (*RemoveWorkspace) name() string { return "remove-workspace" }

func (op *RemoveWorkspace) run(c *call) error {
	w, found, err := spaceOf(c.ctx, c.store, op.ID)
	switch {
	case err != nil:
		return err
	case !found && c.again && op.Yes:
		_, err = fmt.Fprintf(c.out, "deleted workspace/%s\n%s", op.ID, lostAnswer)
		return err
	case !found:
		return fmt.Errorf("there is no workspace %s; crmkit workspace list shows all workspaces", norm.Quote(op.ID))
	case !op.Yes:
		return fmt.Errorf("this deletes workspace/%s (%s, %d members, %d contacts) with all its records, members and tokens; make a backup, then repeat with --yes", op.ID, norm.Quote(w.Name), w.Members, w.Contacts)
	}
	if err := c.auth().RemoveWorkspace(c.ctx, op.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, "deleted workspace/"+op.ID)
	return err
}

// ListClients prints a line for each registered client of the connector.
type ListClients struct{}

func (*ListClients) name() string { return "list-clients" }

func (*ListClients) run(c *call) error {
	for after := ""; ; {
		list, err := account.ListClients(c.ctx, c.store, after, pageSize)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, cl := range list {
			used := ""
			if cl.UsedAt > 0 {
				used = " used_at=" + day(cl.UsedAt)
			}
			_, err := fmt.Fprintf(c.out, "client/%s name=%s redirects=%s tokens=%d created_at=%s%s\n", cl.ID, norm.AppendValue(nil, cl.Name), norm.AppendValue(nil, cl.Redirects), cl.Tokens, day(cl.CreatedAt), used)
			if err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

// userLine describes an account in one line, without its end.
func userLine(u account.User) string {
	return fmt.Sprintf("user/%s email=%s plan=%s workspaces=%d tokens=%d created_at=%s", u.ID, norm.ShowEmail(u.Email), u.Plan, u.Workspaces, u.Tokens, day(u.CreatedAt))
}

// memberLine describes a workspace as one of its members sees it.
func memberLine(w account.Workspace) string {
	return fmt.Sprintf("workspace/%s name=%s role=%s plan=%s\n", w.ID, norm.AppendValue(nil, w.Name), w.Role, w.Plan)
}

// day returns the date of a time in Unix milliseconds, in UTC.
func day(at int64) string { return time.UnixMilli(at).UTC().Format(time.DateOnly) }

// userOf finds an account and its workspaces. If there is no account, it returns its parsed
// address with the error.
func userOf(ctx context.Context, st *store.Store, email string) (account.User, []account.Workspace, error) {
	address, err := auth.ParseAddress(email)
	if err != nil {
		return account.User{}, nil, err
	}
	u, list, found, err := account.FindUser(ctx, st, address)
	if err == nil && !found {
		return account.User{Email: address}, nil, fmt.Errorf("there is no user %s; crmkit user list shows all users", address)
	}
	return u, list, err
}

// spaceOf finds a workspace by its id.
func spaceOf(ctx context.Context, st *store.Store, id string) (w account.WorkspaceInfo, found bool, err error) {
	for after := int64(0); ; {
		list, err := account.ListWorkspaces(ctx, st, after, pageSize)
		if err != nil || len(list) == 0 {
			return w, false, err
		}
		if at := slices.IndexFunc(list, func(w account.WorkspaceInfo) bool { return w.ID == id }); at >= 0 {
			return list[at], true, nil
		}
		after = list[len(list)-1].Number
	}
}
