package account

import (
	"time"

	"crmkit/store"
)

// ConfirmLife is how long a delete waits for its confirmation.
const ConfirmLife = 10 * time.Minute

// SaveConfirmation stores that the actor may delete the target at this version, with the
// secret that has the hash.
func SaveConfirmation(tx *store.Tx, hash, target string, version int64) error {
	return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, target, version, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
		hash, tx.Actor.Workspace, tx.Actor.User, target, version, tx.Now()+ConfirmLife.Milliseconds())
}

// TakeConfirmation uses up a confirmation of the actor for the target at this version, and
// reports whether there was one.
func TakeConfirmation(tx *store.Tx, hash, target string, version int64) (bool, error) {
	n, err := tx.Affect("DELETE FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND target = $4 AND version = $5 AND expires_at > $6",
		hash, tx.Actor.Workspace, tx.Actor.User, target, version, tx.Now())
	return n == 1, err
}
