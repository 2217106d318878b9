package auth

import (
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

// The limits on invites. Each invite is a mail to somebody who did not ask for it.
const (
	invitesPerAddress = 5   // a day, from all workspaces
	invitesPerUser    = 100 // a day
)

// Invite reserves a seat in the actor's workspace for an address and mails it how to
// join. Inviting an admin needs a step-up code. Errors are already_exists,
// plan_limit_reached, rate_limited and those of StepUp.
func (a *Auth) Invite(tx *store.Tx, address, role, code string) (store.Outcome, error) {
	seat, found, err := account.FindMembership(tx, address)
	switch {
	case err != nil:
		return store.Outcome{}, err
	case found && seat.Value("status").Text == account.Active:
		return store.Outcome{}, account.AlreadyMember(tx, seat)
	case !found:
		if err := account.CheckSeat(tx); err != nil {
			return store.Outcome{}, err
		}
	}
	if err := a.checkQueue(tx.Actor); err != nil {
		return store.Outcome{}, err
	}
	limits := inviteLimits(tx, address)
	for _, l := range limits { // so that no step-up code is mailed or used up for a refused invite
		wait, err := account.QuotaWait(tx, l.Name, l.Most)
		if err != nil {
			return store.Outcome{}, err
		}
		if wait > 0 {
			return store.Outcome{}, rateLimitError(l.Hint, wait)
		}
	}
	if role == crm.RoleAdmin && !(found && seat.Value("role").Text == role) {
		what := SensitiveAction{Action: "invite.admin", Target: address, Does: "invite " + address + " as an admin of"}
		if err := a.StepUp(tx, what, code); err != nil {
			return store.Outcome{}, err
		}
	}
	if err := CheckLimits(tx, limits...); err != nil {
		return store.Outcome{}, err
	}
	out, err := account.Invite(tx, address, role)
	if err == nil {
		a.send(tx, a.inviteMail(tx.Actor, address, role))
	}
	return out, err
}

// inviteLimits are the limits on invites by the actor and to the address.
func inviteLimits(tx *store.Tx, address string) []Limit {
	return []Limit{
		{"invites of " + tx.Actor.UserID, invitesPerUser, day, "you have reached the limit of invites per user and day; try again"},
		{"invite " + mailbox(address), invitesPerAddress, day, address + " has received the maximum number of invites per day; try again"},
	}
}

// SetRole gives a member of the actor's workspace a role. Making an admin, and
// taking that role from another, needs a step-up code. The error is last_admin
// if nobody would be left to manage the workspace.
func (a *Auth) SetRole(tx *store.Tx, member crm.Record, role, code string) (store.Outcome, error) {
	email := member.Value("email").Text
	what := SensitiveAction{Action: "member.promote", Target: member.Handle(), Does: "make " + email + " an admin of"}
	if role != crm.RoleAdmin {
		what.Action, what.Does = "member.demote", "take the role of an admin from "+email+" in"
	}
	if changes := member.Value("role").Text != role; changes && (role == crm.RoleAdmin || member.ID != tx.Actor.UserID) {
		if err := a.StepUp(tx, what, code); err != nil {
			return store.Outcome{}, err
		}
	}
	tx.After(a.Forget)
	return account.SetRole(tx, member, role)
}

// Remove ends a membership in the actor's workspace, and with it the member's
// tokens for it. Removing another admin needs a step-up code. The error is
// last_admin if nobody would be left to manage the workspace.
func (a *Auth) Remove(tx *store.Tx, member crm.Record, code string) error {
	if member.Value("role").Text == crm.RoleAdmin && member.ID != tx.Actor.UserID {
		what := SensitiveAction{Action: "member.remove", Target: member.Handle(), Does: "remove the admin " + member.Value("email").Text + " from"}
		if err := a.StepUp(tx, what, code); err != nil {
			return err
		}
	}
	tx.After(a.Forget)
	return account.RemoveMember(tx, member)
}

// DeleteWorkspace deletes the actor's workspace with everything in it. It needs
// a step-up code.
func (a *Auth) DeleteWorkspace(tx *store.Tx, code string) error {
	what := SensitiveAction{Action: "workspace.delete", Target: "workspace/" + tx.Actor.WorkspaceID, Does: "delete", Also: " with all its records, members and tokens"}
	if err := a.StepUp(tx, what, code); err != nil {
		return err
	}
	tx.After(a.Forget)
	return account.DeleteWorkspace(tx)
}

// UpdateWorkspace changes the name or time zone of the actor's workspace.
func (a *Auth) UpdateWorkspace(tx *store.Tx, d store.Draft) (store.Outcome, error) {
	tx.After(a.Forget)
	return account.UpdateWorkspace(tx, d)
}
