package account

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// User is an account, for the owner of the file.
type User struct {
	Number     int64
	ID, Email  string
	Plan       string
	CreatedAt  int64 // unix milliseconds
	Workspaces int64 // memberships
	Tokens     int64
}

// userColumns are what fills a User, of users u.
const userColumns = `u.number, u.id, u.email, u.plan, u.created_at, (SELECT COUNT(*) FROM members m WHERE m.user_id = u.number),
	(SELECT COUNT(*) FROM tokens t WHERE t.user_id = u.number)`

func (u *User) scanDest() []any {
	return []any{&u.Number, &u.ID, &u.Email, &u.Plan, &u.CreatedAt, &u.Workspaces, &u.Tokens}
}

// ListUsers returns at most limit accounts in the order in which they were made, those behind
// the one with the number.
func ListUsers(ctx context.Context, s *store.Store, behind int64, limit int) (list []User, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, "SELECT "+userColumns+" FROM users u WHERE u.number > $1 ORDER BY u.number LIMIT $2", []any{behind, limit}, func(scan func(...any) error) error {
			var u User
			err := scan(u.scanDest()...)
			list = append(list, u)
			return err
		})
	})
	return list, err
}

// FindUser returns the account with the address and its workspaces; found is false where
// there is none.
func FindUser(ctx context.Context, s *store.Store, email string) (u User, list []Workspace, found bool, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		if found, err = store.Found(v.Row(ctx, "SELECT "+userColumns+" FROM users u WHERE u.email = $1", []any{email}, u.scanDest()...)); !found || err != nil {
			return err
		}
		return v.Rows(ctx, "SELECT "+workspaceColumns+` FROM members m JOIN workspaces w ON w.number = m.workspace_id
			WHERE m.user_id = $1 ORDER BY m.created_at, m.key`, []any{u.Number}, appendWorkspaces(&list))
	})
	return u, list, found, err
}

// Space is a workspace, for the owner of the file.
type WorkspaceInfo struct {
	Number            int64
	ID, Name, Plan    string
	CreatedAt         int64 // unix milliseconds
	Members, Contacts int64
}

// ListWorkspaces returns at most limit workspaces in the order in which they were made, those
// behind the one with the number.
func ListWorkspaces(ctx context.Context, s *store.Store, behind int64, limit int) (list []WorkspaceInfo, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, `SELECT w.number, w.id, w.name, w.plan, w.created_at,
				COALESCE((SELECT u.n FROM usage u WHERE u.workspace_id = w.number AND u.kind = 'members'), 0),
				COALESCE((SELECT u.n FROM usage u WHERE u.workspace_id = w.number AND u.kind = 'contacts'), 0)
			FROM workspaces w WHERE w.number > $1 ORDER BY w.number LIMIT $2`, []any{behind, limit}, func(scan func(...any) error) error {
			var w WorkspaceInfo
			err := scan(&w.Number, &w.ID, &w.Name, &w.Plan, &w.CreatedAt, &w.Members, &w.Contacts)
			list = append(list, w)
			return err
		})
	})
	return list, err
}

// EnterWorkspace makes the actor act in the workspace with the id, whoever it is: the owner of
// the file may.
func EnterWorkspace(tx *store.Tx, id string) error {
	a := &tx.Actor
	found, err := tx.Row("SELECT number, id, name, plan FROM workspaces WHERE id = $1", []any{id}, &a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.Plan)
	if err == nil && !found {
		err = crm.Errorf(crm.NotFound, "there is no workspace %s; crmkit workspace list names them.", norm.Quote(id))
	}
	return err
}

// ListClients returns at most limit registered OAuth clients by their ids, those behind the
// given one, each with how many tokens it holds.
func ListClients(ctx context.Context, s *store.Store, behind string, limit int) (list []ClientUse, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, `SELECT c.id, c.name, c.redirects, c.created_at, COALESCE(c.used_at, 0), (SELECT COUNT(*) FROM tokens t WHERE t.client = c.id)
			FROM oauth_clients c WHERE c.id > $1 ORDER BY c.id LIMIT $2`, []any{behind, limit}, func(scan func(...any) error) error {
			var c ClientUse
			err := scan(&c.ID, &c.Name, &c.Redirects, &c.CreatedAt, &c.UsedAt, &c.Tokens)
			list = append(list, c)
			return err
		})
	})
	return list, err
}

// ClientUse is a registered OAuth client, and what it is used for.
type ClientUse struct {
	ID, Name, Redirects string
	CreatedAt, UsedAt   int64 // unix milliseconds; UsedAt is 0 before the first use
	Tokens              int64
}

// Left is what became of the workspaces of a user who was removed.
type RemovedUser struct {
	Deleted []Workspace // nobody else was a member
	Kept    []Workspace // others are
}

// RemoveUser deletes the actor's account: its memberships, with all that is held in them,
// and the workspaces in which nobody else is a member. Records that the user made in
// other workspaces stay. The error is last_admin, and nothing is done, where members
// would be left without an admin.
func RemoveUser(tx *store.Tx) (left RemovedUser, err error) {
	a := tx.Actor
	list, err := workspacesOf(tx)
	if err != nil {
		return left, err
	}
	for _, w := range list {
		tx.Actor = w.In(a)
		var others int64
		if _, err := tx.Row("SELECT COUNT(*) FROM (SELECT 1 FROM members WHERE workspace_id = $1 AND user_id <> $2 LIMIT 1) x", []any{w.Number, a.User}, &others); err != nil {
			return left, err
		}
		if others == 0 {
			left.Deleted = append(left.Deleted, w)
			err = DeleteWorkspace(tx)
		} else {
			left.Kept = append(left.Kept, w)
			err = leaveWorkspace(tx)
		}
		if err != nil {
			return left, err
		}
	}
	tx.Actor = a
	return left, deleteUser(tx)
}

// leaveWorkspace ends the actor's membership in the workspace it has entered.
func leaveWorkspace(tx *store.Tx) error {
	member, err := tx.RecordByID(tx.Schema().ByName("member"), tx.Actor.UserID)
	if err != nil {
		return err
	}
	return RemoveMember(tx, member)
}

// deleteUser deletes the account itself, with what waits for its address.
func deleteUser(tx *store.Tx) error {
	if err := tx.DeleteIdempotentResponses(); err != nil {
		return err
	}
	for _, text := range []string{
		"UPDATE workspaces SET made_by = NULL WHERE made_by = $1",
		"DELETE FROM tokens WHERE user_id = $1",
		"DELETE FROM oauth_grants WHERE user_id = $1",
		"DELETE FROM confirmations WHERE user_id = $1",
		"DELETE FROM users WHERE number = $1",
	} {
		if err := tx.Exec(text, tx.Actor.User); err != nil {
			return err
		}
	}
	tx.Actor.Workspace = 0
	return tx.LogEntry("user.remove", "user/"+tx.Actor.UserID, store.LogFields("email", tx.Actor.Email), nil)
}

// ActAsUser makes the user with the address the actor; found is false where there is none.
func ActAsUser(tx *store.Tx, email string) (found bool, err error) {
	tx.Actor.Email = email
	return tx.Row("SELECT number, id FROM users WHERE email = $1", []any{email}, &tx.Actor.User, &tx.Actor.UserID)
}
