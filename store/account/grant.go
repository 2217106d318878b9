package account

import (
	"cmp"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// GrantLife is how long an authorization code is valid.
const GrantLife = time.Minute

// Grant is the right that an authorization code gives to a client.
type Grant struct {
	Hash      string
	Client    string
	Redirect  string
	Challenge string
	Scope     string
	Reach     string
	User      int64
	Workspace int64
	Token     string // id of the token it was exchanged for; empty: not yet
	Live      bool   // within its life
}

// CreateGrant stores a grant of the actor for the workspace. Its client is not deleted for a newer
// one while the grant is valid.
func CreateGrant(tx *store.Tx, g Grant, w Workspace) error {
	if err := tx.Exec("UPDATE oauth_clients SET held_until = $2 WHERE id = $1 AND held_until < $2", g.Client, tx.Now()+GrantLife.Milliseconds()); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO oauth_grants (hash, client, redirect, challenge, scope, reach, user_id, workspace_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		g.Hash, g.Client, g.Redirect, g.Challenge, g.Scope, cmp.Or(g.Reach, crm.ReachOne), tx.Actor.User, w.Number, tx.Now()+GrantLife.Milliseconds())
}

// FindGrant returns the grant with the hash, even if it was used or is too old.
func FindGrant(tx *store.Tx, hash string) (g Grant, found bool, err error) {
	var expires int64
	found, err = tx.Row("SELECT hash, client, redirect, challenge, scope, reach, user_id, workspace_id, COALESCE(token, ''), expires_at FROM oauth_grants WHERE hash = $1",
		[]any{hash}, &g.Hash, &g.Client, &g.Redirect, &g.Challenge, &g.Scope, &g.Reach, &g.User, &g.Workspace, &g.Token, &expires)
	g.Live = expires > tx.Now()
	return g, found, err
}

// UseGrant records for which token a grant was exchanged, and that its client is in use.
func UseGrant(tx *store.Tx, g Grant, token string) error {
	if err := tx.Exec("UPDATE oauth_grants SET token = $2 WHERE hash = $1", g.Hash, token); err != nil {
		return err
	}
	return tx.Exec("UPDATE oauth_clients SET used_at = $2 WHERE id = $1", g.Client, tx.Now())
}
