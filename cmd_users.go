package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// The commands by which the owner of the file looks after accounts, workspaces and the
// clients of connectors. They work beside a running server.

// pageSize is how many rows a list reads at once.
const pageSize = 500

type userCommand struct {
	List   userListCommand   `cmd:"" help:"Print a line for each account, oldest first."`
	Show   userShowCommand   `cmd:"" help:"Print an account and its workspaces."`
	Remove userRemoveCommand `cmd:"" help:"Delete an account, and the workspaces of which it is the only member."`
}

type userListCommand struct{ ownerFlags }

// Run prints the accounts.
func (c userListCommand) Run(ctx context.Context, io console) error {
	return c.with(ctx, io, func(st *store.Store) error {
		for behind := int64(0); ; {
			list, err := account.ListUsers(ctx, st, behind, pageSize)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, u := range list {
				if _, err := fmt.Fprintln(io.out, userLine(u)); err != nil {
					return err
				}
			}
			behind = list[len(list)-1].Number
		}
	})
}

func userLine(u account.User) string {
	return fmt.Sprintf("user/%s email=%s plan=%s workspaces=%d tokens=%d created_at=%s", u.ID, u.Email, u.Plan, u.Workspaces, u.Tokens, day(u.CreatedAt))
}

// day spells unix milliseconds as a date in UTC.
func day(at int64) string { return time.UnixMilli(at).UTC().Format(time.DateOnly) }

type userShowCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	ownerFlags
}

// Run prints the account and a line for each of its workspaces.
func (c userShowCommand) Run(ctx context.Context, io console) error {
	return c.with(ctx, io, func(st *store.Store) error {
		u, list, err := userOf(ctx, st, c.Email)
		if err != nil {
			return err
		}
		lines := userLine(u) + "\n"
		for _, w := range list {
			lines += memberLine(w)
		}
		_, err = fmt.Fprint(io.out, lines)
		return err
	})
}

// memberLine spells a workspace as one of its members sees it.
func memberLine(w account.Workspace) string {
	return fmt.Sprintf("workspace/%s name=%s role=%s plan=%s\n", w.ID, norm.AppendValue(nil, w.Name), w.Role, w.Plan)
}

// userOf finds an account, or says how to find it.
func userOf(ctx context.Context, st *store.Store, email string) (account.User, []account.Workspace, error) {
	address, err := auth.ParseAddress(email)
	if err != nil {
		return account.User{}, nil, err
	}
	u, list, found, err := account.FindUser(ctx, st, address)
	if err == nil && !found {
		err = fmt.Errorf("there is no user %s; crmkit user list names them", address)
	}
	return u, list, err
}

type userRemoveCommand struct {
	Email string `arg:"" help:"The address of the account." placeholder:"EMAIL"`
	Yes   bool   `help:"Do it. Without this flag the command says what would go." env:"-"`
	ownerFlags
}

// Run deletes the account, or says what would be deleted.
func (c userRemoveCommand) Run(ctx context.Context, io console) error {
	return c.with(ctx, io, func(st *store.Store) error {
		u, list, err := userOf(ctx, st, c.Email)
		if err != nil {
			return err
		}
		if !c.Yes {
			lines := "would remove " + userLine(u) + "\n"
			for _, w := range list {
				lines += "member of " + memberLine(w)
			}
			_, err = fmt.Fprint(io.out, lines, "# workspaces without another member go with it; to do it repeat with --yes\n")
			return err
		}
		left, err := auth.New(st, auth.Options{}).RemoveUser(ctx, u.Email)
		if err != nil {
			return err
		}
		lines := "removed user/" + u.ID + " email=" + u.Email + "\n"
		for _, w := range left.Deleted {
			lines += "deleted " + memberLine(w)
		}
		for _, w := range left.Kept {
			lines += "left " + memberLine(w)
		}
		_, err = fmt.Fprint(io.out, lines)
		return err
	})
}

type workspaceCommand struct {
	List   workspaceListCommand   `cmd:"" help:"Print a line for each workspace, oldest first."`
	Remove workspaceRemoveCommand `cmd:"" help:"Delete a workspace with all in it."`
}

type workspaceListCommand struct{ ownerFlags }

// Run prints the workspaces.
func (c workspaceListCommand) Run(ctx context.Context, io console) error {
	return c.with(ctx, io, func(st *store.Store) error {
		for behind := int64(0); ; {
			list, err := account.ListWorkspaces(ctx, st, behind, pageSize)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, w := range list {
				_, err := fmt.Fprintf(io.out, "workspace/%s name=%s plan=%s members=%d contacts=%d created_at=%s\n", w.ID, norm.AppendValue(nil, w.Name), w.Plan, w.Members, w.Contacts, day(w.CreatedAt))
				if err != nil {
					return err
				}
			}
			behind = list[len(list)-1].Number
		}
	})
}

type workspaceRemoveCommand struct {
	ID  string `arg:"" help:"The workspace (ws_…)." placeholder:"WORKSPACE"`
	Yes bool   `help:"Do it. Without this flag the command refuses: there is no way back but a backup." env:"-"`
	ownerFlags
}

// Run deletes the workspace.
func (c workspaceRemoveCommand) Run(ctx context.Context, io console) error {
	id := crm.CutHandle(c.ID)
	return c.with(ctx, io, func(st *store.Store) error {
		w, err := spaceOf(ctx, st, id)
		if err != nil {
			return err
		}
		if !c.Yes {
			return fmt.Errorf("this deletes workspace/%s (%s, %d members, %d contacts) with all its records, members and tokens; make a backup, then repeat with --yes", id, norm.Quote(w.Name), w.Members, w.Contacts)
		}
		if err := auth.New(st, auth.Options{}).RemoveWorkspace(ctx, id); err != nil {
			return err
		}
		_, err = fmt.Fprintln(io.out, "deleted workspace/"+id)
		return err
	})
}

// spaceOf finds a workspace by its id.
func spaceOf(ctx context.Context, st *store.Store, id string) (account.WorkspaceInfo, error) {
	for behind := int64(0); ; {
		list, err := account.ListWorkspaces(ctx, st, behind, pageSize)
		if err != nil {
			return account.WorkspaceInfo{}, err
		}
		if len(list) == 0 {
			return account.WorkspaceInfo{}, fmt.Errorf("there is no workspace %s; crmkit workspace list has all", norm.Quote(id))
		}
		if at := slices.IndexFunc(list, func(w account.WorkspaceInfo) bool { return w.ID == id }); at >= 0 {
			return list[at], nil
		}
		behind = list[len(list)-1].Number
	}
}

type clientCommand struct {
	List clientListCommand `cmd:"" help:"Print a line for each registered client of the connector."`
}

type clientListCommand struct{ ownerFlags }

// Run prints the clients.
func (c clientListCommand) Run(ctx context.Context, io console) error {
	return c.with(ctx, io, func(st *store.Store) error {
		for behind := ""; ; {
			list, err := account.ListClients(ctx, st, behind, pageSize)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, cl := range list {
				used := ""
				if cl.UsedAt > 0 {
					used = " used_at=" + day(cl.UsedAt)
				}
				_, err := fmt.Fprintf(io.out, "client/%s name=%s redirects=%s tokens=%d created_at=%s%s\n", cl.ID, norm.AppendValue(nil, cl.Name), norm.AppendValue(nil, cl.Redirects), cl.Tokens, day(cl.CreatedAt), used)
				if err != nil {
					return err
				}
			}
			behind = list[len(list)-1].ID
		}
	})
}
