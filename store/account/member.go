package account

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/refusal"
	"crmkit/store/table"
)

// Values of members.status.
const (
	Active  = "active"
	Invited = "invited"
)

// FindMembership returns the member or invite with the address in the actor's workspace.
func FindMembership(tx *store.Tx, email string) (seat crm.Record, found bool, err error) {
	return tx.RecordBy(tx.Schema().ByName("member"), "email", email)
}

// membership is a row to be added to the table members.
type membership struct {
	id, email, role, status, by string
	user                        int64 // 0: invited
}

// insertMembership adds a member or an invite to the actor's workspace.
func insertMembership(tx *store.Tx, s membership) error {
	key, err := tx.Sequence("members")
	if err != nil {
		return err
	}
	var user any
	if s.user != 0 {
		user = s.user
	}
	return tx.Exec(`INSERT INTO members (key, id, workspace_id, user_id, email, role, status, invited_by, created_at, email_fold, invited_by_fold)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		key, s.id, tx.Actor.Workspace, user, s.email, s.role, s.status, table.NullText(s.by), tx.Now(), table.FoldHostsUnlessSame(s.email), table.FoldHostsUnlessSame(s.by))
}

// CheckSeat returns a plan_limit_reached error if the plan has no room for one more member or
// invite.
func CheckSeat(tx *store.Tx) error {
	limit := tx.Plans().Cap(tx.Actor.Plan, "members")
	var n int64
	_, err := tx.Row("SELECT n FROM usage WHERE workspace_id = $1 AND kind = 'members'", []any{tx.Actor.Workspace}, &n)
	if err == nil && n >= limit {
		err = refusal.LimitReached(tx.Actor.Plan, limit, "members")
	}
	return err
}

// releaseSeat deletes a row of members with the SQL text and frees its seat; freed is false if the
// text deleted no row.
func releaseSeat(tx *store.Tx, text string, seat crm.Record) (freed bool, err error) {
	n, err := tx.Affect(text, tx.Actor.Workspace, seat.ID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Exec("UPDATE usage SET n = n - 1 WHERE workspace_id = $1 AND kind = 'members'", tx.Actor.Workspace)
}

// anotherAdmin is the condition under which a member may stop being an admin.
const anotherAdmin = ` AND (role <> 'admin' OR EXISTS (SELECT 1 FROM members o
	WHERE o.workspace_id = $1 AND o.role = 'admin' AND o.user_id IS NOT NULL AND o.id <> $2))`

// SetRole gives a member a role. If the member is no longer an admin, mailed codes for actions that
// need an admin become invalid. The error is last_admin if no admin would remain.
func SetRole(tx *store.Tx, member crm.Record, role string) (store.Outcome, error) {
	if member.Value("role").Text == role {
		return store.Outcome{Before: member, After: member, Result: store.Unchanged}, nil
	}
	n, err := tx.Affect("UPDATE members SET role = $3 WHERE workspace_id = $1 AND id = $2 AND user_id IS NOT NULL"+anotherAdmin,
		tx.Actor.Workspace, member.ID, role)
	if err != nil {
		return store.Outcome{}, err
	}
	if n == 0 {
		return store.Outcome{}, lastAdminError(tx, member)
	}
	if role != crm.RoleAdmin {
		if err := endStepUps(tx, member.Value("email").Text); err != nil {
			return store.Outcome{}, err
		}
	}
	after := member.Clone()
	after.Set("role", crm.Str(role))
	return store.Outcome{Before: member, After: after, Result: store.Updated}, tx.LogRecord("member.role", member, after)
}

// lastAdminError is the error for a change that would leave the workspace without an admin.
func lastAdminError(tx *store.Tx, member crm.Record) error {
	team := "/workspaces/" + tx.Actor.WorkspaceID
	return crm.Errorf(crm.LastAdmin, `%s is the only admin of the workspace. Make another member admin first: GET %s/members, then POST %s/members/{userId}/role {"role":"admin"}; or delete the workspace: DELETE %s.`,
		norm.Quote(member.Value("email").Text), team, team, team)
}

// RemoveMember ends a membership, and with it the tokens, authorization codes, mailed codes and
// confirmations of the user in the workspace. They remain invalid if the user is invited again.
// The error is last_admin if no admin would remain.
func RemoveMember(tx *store.Tx, member crm.Record) error {
	var user int64
	if _, err := tx.Row("SELECT user_id FROM members WHERE workspace_id = $1 AND id = $2", []any{tx.Actor.Workspace, member.ID}, &user); err != nil {
		return err
	}
	freed, err := releaseSeat(tx, "DELETE FROM members WHERE workspace_id = $1 AND id = $2 AND user_id IS NOT NULL"+anotherAdmin, member)
	if err != nil {
		return err
	}
	if !freed {
		return lastAdminError(tx, member)
	}
	if err := endHoldings(tx, user, member.Value("email").Text); err != nil {
		return err
	}
	for _, text := range []string{
		"UPDATE users SET workspaces = workspaces - 1 WHERE number = (SELECT made_by FROM workspaces WHERE number = $1) AND number = $2",
		"UPDATE workspaces SET made_by = NULL WHERE number = $1 AND made_by = $2",
	} {
		if err := tx.Exec(text, tx.Actor.Workspace, user); err != nil {
			return err
		}
	}
	action := "member.remove"
	if user == tx.Actor.User {
		action = "member.leave"
	}
	return tx.LogDeleted(action, member)
}

// endHoldings ends the rights of the user with the address in the actor's workspace: tokens, the
// tokens that their connections made in other workspaces, authorization codes, confirmations of
// deletes and codes for sensitive actions.
func endHoldings(tx *store.Tx, user int64, email string) error {
	err := endTokens(tx, tx.Actor.Workspace, "SELECT key FROM tokens WHERE workspace_id = $1 AND user_id = $2", tx.Actor.Workspace, user)
	if err != nil {
		return err
	}
	for _, text := range []string{
		"DELETE FROM oauth_grants WHERE workspace_id = $1 AND user_id = $2",
		"DELETE FROM confirmations WHERE workspace_id = $1 AND user_id = $2",
	} {
		if err := tx.Exec(text, tx.Actor.Workspace, user); err != nil {
			return err
		}
	}
	return endStepUps(tx, email)
}

// endStepUps makes the codes invalid that would confirm an action of the address in the actor's
// workspace. The rows remain until they expire, because their counts of tries must not start
// again.
func endStepUps(tx *store.Tx, email string) error {
	return tx.Exec("UPDATE codes SET hash = '' WHERE workspace_id = $1 AND workspace_id <> 0 AND email = $2", tx.Actor.Workspace, email)
}
