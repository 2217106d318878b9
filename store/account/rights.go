package account

import "crmkit/store"

// What a user holds in a workspace ends with the membership, or with the role
// that it needs, and stays dead: who is invited again signs in again.

// endHoldings ends what the user with the address holds in the actor's workspace:
// tokens, with those that connections made elsewhere, authorization codes that wait
// to be exchanged, confirmations of deletes and codes for sensitive actions.
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

// endStepUps makes the codes useless that would confirm an action of the address
// in the actor's workspace. Their rows stay until they expire, since the tries
// that they count must not begin anew.
func endStepUps(tx *store.Tx, email string) error {
	return tx.Exec("UPDATE codes SET hash = '' WHERE workspace_id = $1 AND workspace_id <> 0 AND email = $2", tx.Actor.Workspace, email)
}
