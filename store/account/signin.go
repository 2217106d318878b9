package account

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
)

// SignIn makes the user with the address the actor of the transaction and returns the
// workspaces of the user, oldest membership first. It accepts pending invites. A new user gets
// an account and a workspace, listed after those of the teams that invited the address. A user
// who has lost all workspaces gets a new one.
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

// firstWorkspace creates a workspace for a user without one. The limit of the plan does not apply,
// because a user needs a workspace to do anything.
func firstWorkspace(tx *store.Tx) error {
	if err := tx.Exec("UPDATE users SET workspaces = workspaces + 1 WHERE number = $1", tx.Actor.User); err != nil {
		return err
	}
	_, err := makeWorkspace(tx, Workspace{Name: "Workspace of " + norm.ShowEmail(tx.Actor.Email), TimeZone: "UTC"})
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
		if err := tx.LogEntry("member.join", "member/"+tx.Actor.UserID, nil, changelog.Texts("invite", p.id)); err != nil {
			return err
		}
	}
	return nil
}

// LogFailure logs a failed sign-in of the address in the workspace in which tokens of the user
// act by default. If no user has the address it writes to the log of no workspace instead, so that
// both cases take the same time and the answer does not show which addresses have accounts.
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
	return tx.LogEntry("sign_in.fail", target, nil, changelog.Texts("email", email))
}

// ActInWorkspace makes the user with the number the actor, in one of the workspaces of the
// user. member is false if the user does not belong to it (any more).
func ActInWorkspace(tx *store.Tx, user, workspace int64) (w Workspace, member bool, err error) {
	a := &tx.Actor
	member, err = tx.Row("SELECT "+workspaceColumns+` FROM workspaces w
		JOIN members m ON m.workspace_id = w.number AND m.user_id = $1 WHERE w.number = $2`, []any{user, workspace}, w.scanDest()...)
	if err != nil || !member {
		return w, false, err
	}
	if _, err = tx.Row("SELECT number, id, email FROM users WHERE number = $1", []any{user}, &a.User, &a.UserID, &a.Email); err != nil {
		return w, false, err
	}
	*a = w.In(*a)
	return w, true, nil
}

// ActAsUser makes the user with the address the actor; found is false if no user has it.
func ActAsUser(tx *store.Tx, email string) (found bool, err error) {
	tx.Actor.Email = email
	return tx.Row("SELECT number, id FROM users WHERE email = $1", []any{email}, &tx.Actor.User, &tx.Actor.UserID)
}
