package account

import (
	"crmkit/crm"
	"crmkit/store"
)

// Workspace is one team's data, apart from every other's.
type Workspace struct {
	Number   int64
	ID       string
	Name     string
	TimeZone string
	Plan     string
	Role     string // of the user it was listed for
}

// SignIn makes the user with the address the actor and returns their workspaces,
// oldest membership first. Pending invites are accepted; somebody new gets an account,
// and behind the teams that invited them a workspace of their own; a user without
// any workspace gets one and is its admin.
func SignIn(tx *store.Tx, email string) ([]Workspace, error) {
	a := &tx.Actor
	a.Email = email
	known, err := tx.Row("SELECT number, id FROM users WHERE email = $1", []any{email}, &a.User, &a.UserID)
	if err == nil && !known {
		err = createUser(tx)
	}
	if err == nil {
		err = acceptInvites(tx)
	}
	if err == nil && !known {
		err = firstWorkspace(tx)
	}
	if err != nil {
		return nil, err
	}
	list, err := workspacesOf(tx)
	if err == nil && len(list) == 0 {
		if err = firstWorkspace(tx); err == nil {
			list, err = workspacesOf(tx)
		}
	}
	return list, err
}

// IsKnownOrInvited reports whether the address belongs to a user or was invited.
func IsKnownOrInvited(tx *store.Tx, email string) (bool, error) {
	var one int64
	return tx.Row("SELECT 1 FROM users WHERE email = $1 UNION ALL SELECT 1 FROM members WHERE email = $1 AND user_id IS NULL LIMIT 1", []any{email}, &one)
}

// createUser makes an account for the actor's address.
func createUser(tx *store.Tx) (err error) {
	a := &tx.Actor
	if err := checkPlanKnown(tx, tx.DefaultPlan()); err != nil {
		return err
	}
	if a.UserID, err = tx.RandomID("u"); err != nil {
		return err
	}
	if a.User, err = tx.Sequence("users"); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO users (number, id, email, plan, workspaces, created_at) VALUES ($1, $2, $3, $4, 0, $5)",
		a.User, a.UserID, a.Email, tx.DefaultPlan(), tx.Now())
}

// firstWorkspace makes the workspace of who has none. No cap refuses it: a user
// without a workspace could do nothing.
func firstWorkspace(tx *store.Tx) error {
	if err := tx.Exec("UPDATE users SET workspaces = workspaces + 1 WHERE number = $1", tx.Actor.User); err != nil {
		return err
	}
	_, err := makeWorkspace(tx, "Workspace of "+tx.Actor.Email, "UTC")
	return err
}

// acceptInvites makes the actor a member wherever the address is invited.
func acceptInvites(tx *store.Tx) error {
	type pending struct {
		workspace int64
		id        string
	}
	var list []pending
	err := tx.Rows("SELECT workspace_id, id FROM members WHERE email = $1 AND user_id IS NULL ORDER BY key", []any{tx.Actor.Email}, func(scan func(...any) error) error {
		list = append(list, pending{})
		return scan(&list[len(list)-1].workspace, &list[len(list)-1].id)
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		key, err := tx.Sequence("members")
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE members SET key = $3, id = $4, user_id = $5, status = $6, created_at = $7 WHERE workspace_id = $1 AND id = $2",
			p.workspace, p.id, key, tx.Actor.UserID, tx.Actor.User, Active, tx.Now())
		if err != nil {
			return err
		}
		tx.Actor.Workspace = p.workspace
		if err := tx.LogEntry("member.join", "member/"+tx.Actor.UserID, nil, store.LogFields("invite", p.id)); err != nil {
			return err
		}
	}
	return nil
}

// workspaceColumns are what fills a Workspace, of workspaces w and members m.
const workspaceColumns = "w.number, w.id, w.name, w.time_zone, w.plan, m.role"

// scanDest returns where workspaceColumns go.
func (w *Workspace) scanDest() []any {
	return []any{&w.Number, &w.ID, &w.Name, &w.TimeZone, &w.Plan, &w.Role}
}

// workspacesOf returns those of the actor's user, oldest membership first.
func workspacesOf(tx *store.Tx) (list []Workspace, err error) {
	err = tx.Rows("SELECT "+workspaceColumns+` FROM members m JOIN workspaces w ON w.number = m.workspace_id
		WHERE m.user_id = $1 ORDER BY m.created_at, m.key`, []any{tx.Actor.User}, appendWorkspaces(&list))
	return list, err
}

// LogFailure notes a failed sign-in of the address in the workspace that the
// user's tokens act in by default; for a stranger, in the log of no workspace, so
// that both take the same time.
func LogFailure(tx *store.Tx, email string) error {
	var workspace int64
	target := "user"
	_, err := tx.Row(`SELECT m.workspace_id, 'member/' || m.id FROM users u JOIN members m ON m.user_id = u.number
		WHERE u.email = $1 ORDER BY m.created_at, m.key LIMIT 1`, []any{email}, &workspace, &target)
	if err != nil {
		return err
	}
	actor := tx.Actor
	defer func() { tx.Actor = actor }()
	tx.Actor = crm.Actor{Workspace: workspace, Addr: actor.Addr}
	return tx.LogEntry("sign_in.fail", target, nil, store.LogFields("email", email))
}
