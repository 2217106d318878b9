package account

import (
	"context"

	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/engine"
)

// User is an account, as the owner of the file sees it.
type User struct {
	Number     int64
	ID, Email  string
	Plan       string
	CreatedAt  int64 // unix milliseconds
	Workspaces int64 // memberships
	Tokens     int64
}

// userColumns are the columns of a User, from users u.
const userColumns = `u.number, u.id, u.email, u.plan, u.created_at, (SELECT COUNT(*) FROM members m WHERE m.user_id = u.number),
	(SELECT COUNT(*) FROM tokens t WHERE t.user_id = u.number)`

// scanDest returns the scan destinations of userColumns.
func (u *User) scanDest() []any {
	return []any{&u.Number, &u.ID, &u.Email, &u.Plan, &u.CreatedAt, &u.Workspaces, &u.Tokens}
}

// ListUsers returns at most limit accounts in the order of their numbers, beginning after the
// given number.
func ListUsers(ctx context.Context, s *store.Store, after int64, limit int) (list []User, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, "SELECT "+userColumns+" FROM users u WHERE u.number > $1 ORDER BY u.number LIMIT $2", []any{after, limit}, func(scan func(...any) error) error {
			var u User
			err := scan(u.scanDest()...)
			list = append(list, u)
			return err
		})
	})
	return list, err
}

// FindUser returns the account with the address and its workspaces; found is false if no account has
// the address.
func FindUser(ctx context.Context, s *store.Store, email string) (u User, list []Workspace, found bool, err error) {
	err = s.Snapshot(ctx, func(v *store.ReadTx) error {
		if found, err = engine.Found(v.Row(ctx, "SELECT "+userColumns+" FROM users u WHERE u.email = $1", []any{email}, u.scanDest()...)); !found || err != nil {
			return err
		}
		return v.Rows(ctx, "SELECT "+workspaceColumns+` FROM members m JOIN workspaces w ON w.number = m.workspace_id
			WHERE m.user_id = $1 ORDER BY m.created_at, m.key`, []any{u.Number}, appendWorkspaces(&list))
	})
	return u, list, found, err
}

// RemovedUser says what happened to the workspaces of a user who was removed.
type RemovedUser struct {
	Deleted []Workspace // workspaces without another member
	Kept    []Workspace // workspaces with other members
}

// RemoveUser deletes the actor's account: its memberships with everything held in them, and
// the workspaces that have no other member. Records that the user made in other workspaces
// stay. If a workspace would be left without an admin, the error is last_admin and nothing is
// deleted.
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

// leaveWorkspace ends the actor's membership in its workspace.
func leaveWorkspace(tx *store.Tx) error {
	member, err := tx.RecordByID(tx.Schema().ByName("member"), tx.Actor.UserID)
	if err != nil {
		return err
	}
	return RemoveMember(tx, member)
}

// deleteUser deletes the account itself, with everything stored for its address.
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
	return tx.LogEntry("user.remove", "user/"+tx.Actor.UserID, changelog.Texts("email", tx.Actor.Email), nil)
}
