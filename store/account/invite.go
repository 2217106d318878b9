package account

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// Invite reserves a seat for the address, within the cap of the plan. If the address is
// invited already the invite stays, with the role given now.
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

// changeInvite gives an existing invite another role.
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

// AlreadyMember is the error for inviting a member.
func AlreadyMember(tx *store.Tx, seat crm.Record) error {
	return crm.Errorf(crm.AlreadyExists, `%s is a member already, as %s with the role %s. To change that: POST /workspaces/%s/members/%s/role {"role":…}.`,
		norm.Quote(seat.Value("email").Text), seat.Handle(), seat.Value("role").Text, tx.Actor.WorkspaceID, seat.ID).On("email")
}

// CancelInvite deletes an invite and frees its seat.
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
