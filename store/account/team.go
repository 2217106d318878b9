package account

import (
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/sqlite"
)

// Words of members.status.
const (
	Active  = "active"
	Invited = "invited"
)

// NotAMember is the error for a workspace that is not the user's. It does not
// tell whether there is one.
func NotAMember(id string) error {
	return crm.Errorf(crm.NotAMember, "you do not belong to a workspace %s. GET /workspaces lists yours.", norm.Quote(id))
}

// FindWorkspace returns the workspace with the id as the user sees it, or a
// not_a_member error.
func FindWorkspace(ctx context.Context, s *store.Store, user int64, id string) (w Workspace, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT "+workspaceColumns+` FROM workspaces w
			JOIN members m ON m.workspace_id = w.number AND m.user_id = $1 WHERE w.id = $2`, []any{user, id}, w.scanDest()...)
	})
	if errors.Is(err, sqlite.ErrNoRows) {
		return w, NotAMember(id)
	}
	return w, err
}

// In returns the actor as it is in the workspace.
func (w Workspace) In(a crm.Actor) crm.Actor {
	a.Workspace, a.WorkspaceID, a.WorkspaceName = w.Number, w.ID, w.Name
	a.Plan, a.Role, a.TimeZone = w.Plan, w.Role, w.TimeZone
	a.Zone, _ = LoadTimeZone(w.TimeZone)
	return a
}

// standing is what an actor's token is worth now: no row when the token is gone, or
// when its user has left the workspace.
const accessQuery = `SELECT m.role, w.plan FROM tokens t JOIN members m ON m.workspace_id = $1 AND m.user_id = t.user_id
	JOIN workspaces w ON w.number = m.workspace_id WHERE t.id = $2`

const tokenLives = "SELECT 1 FROM tokens WHERE id = $1"

// Reauthorize looks, inside the transaction, whether the actor's token still lives and
// which role and plan it now has in its workspace: what was revoked or removed
// meanwhile writes no more. Errors are invalid_token and not_a_member.
func Reauthorize(tx *store.Tx) error {
	a := &tx.Actor
	found, err := tx.Row(accessQuery, []any{a.Workspace, a.TokenID}, &a.Role, &a.Plan)
	if err != nil || found {
		return err
	}
	var one int64
	found, err = tx.Row(tokenLives, []any{a.TokenID}, &one)
	if err == nil {
		err = refusedError(*a, found)
	}
	return err
}

// CurrentRole returns the role that the actor has in its workspace now, read from what is
// committed. Errors are those of Enter.
func CurrentRole(ctx context.Context, s *store.Store, a crm.Actor) (role string, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		var plan string
		found, err := store.Found(v.Row(ctx, accessQuery, []any{a.Workspace, a.TokenID}, &role, &plan))
		if found || err != nil {
			return err
		}
		var one int64
		if found, err = store.Found(v.Row(ctx, tokenLives, []any{a.TokenID}, &one)); err == nil {
			err = refusedError(a, found)
		}
		return err
	})
	return role, err
}

// ConnectAgain is the next step after any 401 for who calls through tools of MCP.
const ConnectAgain = "Connect again: the client signs the user in on the page that the header WWW-Authenticate leads to."

// refusedError is the error for an actor that was let in and has no right to be there
// any more.
func refusedError(a crm.Actor, tokenLives bool) error {
	if tokenLives {
		return NotAMember(a.WorkspaceID)
	}
	return crm.Errorf(crm.InvalidToken, `the token was revoked just now, or its workspace is gone; nothing more is read or saved. Sign in: POST /auth/request {"email":%s}, then POST /auth/verify with the code.`,
		norm.AppendQuoted(nil, a.Email)).ForTools("the token was revoked just now, or its workspace is gone; nothing more is read or saved. %s", ConnectAgain)
}

// FindMembership returns the member or invite with the address in the actor's workspace.
func FindMembership(tx *store.Tx, email string) (seat crm.Record, found bool, err error) {
	return tx.RecordBy(tx.Schema().ByName("member"), "email", email)
}

// Invite keeps a seat for the address, within the plan's cap. An address that is
// invited already keeps its invite, with the role now given.
func Invite(tx *store.Tx, email, role string) (store.Outcome, error) {
	before, found, err := FindMembership(tx, email)
	if err != nil {
		return store.Outcome{}, err
	}
	if found {
		return changeInvite(tx, before, role)
	}
	if _, err := tx.TakeNumber("members"); err != nil {
		return store.Outcome{}, err
	}
	id, err := tx.RandomID("inv")
	if err != nil {
		return store.Outcome{}, err
	}
	if err := insertMembership(tx, membership{id: id, email: email, role: role, status: Invited, by: tx.Actor.Email}); err != nil {
		return store.Outcome{}, err
	}
	after, err := tx.RecordByID(tx.Schema().ByName("invite"), id)
	if err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Before: crm.NewRecord(after.Entity), After: after, Result: store.Created}, tx.LogRecord("invite.create", crm.NewRecord(after.Entity), after)
}

func changeInvite(tx *store.Tx, before crm.Record, role string) (store.Outcome, error) {
	if before.Value("status").Text == Active {
		return store.Outcome{}, AlreadyMember(tx, before)
	}
	if before.Value("role").Text == role {
		return store.Outcome{Before: before, After: before, Result: store.Unchanged}, nil
	}
	after := before.Clone()
	after.Set("role", crm.Str(role))
	if err := tx.Exec("UPDATE members SET role = $3 WHERE workspace_id = $1 AND id = $2", tx.Actor.Workspace, before.ID, role); err != nil {
		return store.Outcome{}, err
	}
	return store.Outcome{Before: before, After: after, Result: store.Updated}, tx.LogRecord("invite.update", before, after)
}

// AlreadyMember is the error for inviting who is in.
func AlreadyMember(tx *store.Tx, seat crm.Record) error {
	return crm.Errorf(crm.AlreadyExists, `%s is a member already, as %s with the role %s. To change that: POST /workspaces/%s/members/%s/role {"role":…}.`,
		norm.Quote(seat.Value("email").Text), seat.Handle(), seat.Value("role").Text, tx.Actor.WorkspaceID, seat.ID).On("email")
}

// membership is a row of members to be made.
type membership struct {
	id, email, role, status, by string
	user                        int64 // 0: invited
}

func insertMembership(tx *store.Tx, s membership) error {
	key, err := tx.Sequence("members")
	if err != nil {
		return err
	}
	var user any
	if s.user != 0 {
		user = s.user
	}
	return tx.Exec("INSERT INTO members (key, id, workspace_id, user_id, email, role, status, invited_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		key, s.id, tx.Actor.Workspace, user, s.email, s.role, s.status, store.NullText(s.by), tx.Now())
}

// CheckSeat reports with a plan_limit_reached error whether the plan has no room
// for one more member or invite.
func CheckSeat(tx *store.Tx) error {
	limit := tx.Plans().Cap(tx.Actor.Plan, "members")
	var n int64
	_, err := tx.Row("SELECT n FROM usage WHERE workspace_id = $1 AND kind = 'members'", []any{tx.Actor.Workspace}, &n)
	if err == nil && n >= limit {
		err = store.LimitReached(tx.Actor.Plan, limit, "members")
	}
	return err
}

// CancelInvite gives the seat of an invite free.
func CancelInvite(tx *store.Tx, invite crm.Record) error {
	freed, err := releaseSeat(tx, "DELETE FROM members WHERE workspace_id = $1 AND id = $2 AND user_id IS NULL", invite)
	if err != nil {
		return err
	}
	if !freed {
		return tx.NotFoundByID(invite.Entity, invite.ID)
	}
	return tx.LogDeleted("invite.cancel", invite)
}

// anotherAdmin is the condition under which a member may stop being an admin.
const anotherAdmin = ` AND (role <> 'admin' OR EXISTS (SELECT 1 FROM members o
	WHERE o.workspace_id = $1 AND o.role = 'admin' AND o.user_id IS NOT NULL AND o.id <> $2))`

// SetRole gives a member a role. Codes that would have confirmed what only an
// admin may do end with that role. The error is last_admin when nobody would be
// left to manage the workspace.
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

func lastAdminError(tx *store.Tx, member crm.Record) error {
	team := "/workspaces/" + tx.Actor.WorkspaceID
	return crm.Errorf(crm.LastAdmin, `%s is the only admin of the workspace. Make another member admin first: GET %s/members, then POST %s/members/{userId}/role {"role":"admin"}; or delete the workspace: DELETE %s.`,
		norm.Quote(member.Value("email").Text), team, team, team)
}

// RemoveMember ends a membership and with it all that the user holds in the
// workspace: tokens, authorization codes, codes and confirmations that wait. They
// stay dead when the user is invited again. The error is last_admin when nobody
// would be left to manage the workspace.
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

// releaseSeat deletes a row of members and counts the seat as free; freed is false
// when the text found none to delete.
func releaseSeat(tx *store.Tx, text string, seat crm.Record) (freed bool, err error) {
	n, err := tx.Affect(text, tx.Actor.Workspace, seat.ID)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Exec("UPDATE usage SET n = n - 1 WHERE workspace_id = $1 AND kind = 'members'", tx.Actor.Workspace)
}
