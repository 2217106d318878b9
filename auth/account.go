package auth

import (
	"context"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/account"
)

// DeleteAccount deletes the actor's account, and the workspaces without other members. It needs
// a step-up code.
func (a *Auth) DeleteAccount(tx *store.Tx, code string) (account.RemovedUser, error) {
	what := SensitiveAction{Action: "user.remove", Target: "user/" + tx.Actor.UserID, Does: "delete the account " + norm.ShowEmail(tx.Actor.Email) + ", every workspace of which it is the only member, and its membership in",
		Also: " and all others"}
	if err := a.StepUp(tx, what, code); err != nil {
		return account.RemovedUser{}, err
	}
	tx.After(a.Forget)
	return account.RemoveUser(tx)
}

// RemoveUser deletes the account with the address, for the owner of the file.
func (a *Auth) RemoveUser(ctx context.Context, email string) (left account.RemovedUser, err error) {
	err = a.store.Write(ctx, crm.Actor{}, func(tx *store.Tx) error {
		found, err := account.ActAsUser(tx, email)
		if err == nil && !found {
			err = crm.Errorf(crm.NotFound, "there is no user %s; crmkit user list shows all users.", norm.Quote(email))
		}
		if err != nil {
			return err
		}
		tx.After(a.Forget)
		left, err = account.RemoveUser(tx)
		return err
	})
	return left, err
}

// RemoveWorkspace deletes the workspace with the id, for the owner of the file.
func (a *Auth) RemoveWorkspace(ctx context.Context, id string) error {
	return a.store.Write(ctx, crm.Actor{}, func(tx *store.Tx) error {
		if err := account.EnterWorkspace(tx, id); err != nil {
			return err
		}
		tx.After(a.Forget)
		return account.DeleteWorkspace(tx)
	})
}
