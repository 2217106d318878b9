package account

import (
	"time"

	"crmkit/store"
)

// RefreshToken is a refresh token with the token that it renews.
type RefreshToken struct {
	Hash      string
	Client    string
	TokenID   string
	Name      string // of the token
	Scope     string
	User      int64
	Workspace int64
	Used      time.Time // first use; zero: not used yet

	key, pair int64
}

// FindRefreshToken returns the refresh token with the hash, even if it was used. found is false if
// its token was idle for longer than store.RefreshLife.
func FindRefreshToken(tx *store.Tx, hash string) (r RefreshToken, found bool, err error) {
	var used, last int64
	found, err = tx.Row(`SELECT s.hash, COALESCE(t.client, ''), t.id, t.name, t.scope, t.user_id, t.workspace_id, COALESCE(s.used_at, 0), t.last_used_at, t.key, s.pair
		FROM secrets s JOIN tokens t ON t.key = s.token_key WHERE s.hash = $1 AND s.kind = 'refresh'`, []any{hash},
		&r.Hash, &r.Client, &r.TokenID, &r.Name, &r.Scope, &r.User, &r.Workspace, &used, &last, &r.key, &r.pair)
	if used > 0 {
		r.Used = time.UnixMilli(used)
	}
	return r, found && last > tx.Now()-store.RefreshLife.Milliseconds(), err
}

// Secrets are the hashes of a pair of secrets: one for calls with a token, one to refresh it.
type Secrets struct{ Access, Refresh string }

// RotateRefreshToken gives the token a new pair of secrets. The first use of a refresh token
// also ends the access secret of its pair, after the grace time.
func RotateRefreshToken(tx *store.Tx, r RefreshToken, next Secrets, grace time.Duration) error {
	if r.Used.IsZero() {
		if err := tx.Exec("UPDATE secrets SET used_at = $2 WHERE hash = $1", r.Hash, tx.Now()); err != nil {
			return err
		}
		err := tx.Exec("UPDATE secrets SET dies_at = $3 WHERE token_key = $1 AND kind = 'access' AND pair = $2", r.key, r.pair, tx.Now()+grace.Milliseconds())
		if err != nil {
			return err
		}
	}
	var last int64
	if _, err := tx.Row("SELECT COALESCE(MAX(pair), 0) FROM secrets WHERE token_key = $1", []any{r.key}, &last); err != nil {
		return err
	}
	if err := addSecrets(tx, r.key, last+1, next); err != nil {
		return err
	}
	if err := tx.Exec(dropSpare, r.key, maxSpare); err != nil {
		return err
	}
	if err := tx.Exec("UPDATE tokens SET last_used_at = $2 WHERE key = $1", r.key, tx.Now()); err != nil {
		return err
	}
	return tx.Exec("UPDATE oauth_clients SET used_at = $2 WHERE id = $1", r.Client, tx.Now())
}

// maxSpare is how many pairs of a token may be without a refresh. Parallel refreshes make pairs that
// are never used; the oldest are deleted, so that their number is bounded.
const maxSpare = 20

const dropSpare = `DELETE FROM secrets WHERE token_key = $1 AND pair IN (
	SELECT pair FROM secrets WHERE token_key = $1 AND kind = 'refresh' AND used_at IS NULL AND pair < (
		SELECT MIN(s.pair) FROM (SELECT pair FROM secrets WHERE token_key = $1 AND kind = 'refresh' AND used_at IS NULL ORDER BY pair DESC LIMIT $2) s))`

// addSecrets stores a pair of secrets of a token; Refresh may be empty.
func addSecrets(tx *store.Tx, key, pair int64, s Secrets) error {
	const text = "INSERT INTO secrets (hash, token_key, kind, pair) VALUES ($1, $2, $3, $4)"
	err := tx.Exec(text, s.Access, key, "access", pair)
	if err == nil && s.Refresh != "" {
		err = tx.Exec(text, s.Refresh, key, "refresh", pair)
	}
	return err
}

// SecretOwner returns the token that a secret of any kind opens, and the client that holds it,
// if any.
func SecretOwner(tx *store.Tx, hash string) (tokenID, client string, user int64, found bool, err error) {
	found, err = tx.Row("SELECT t.id, COALESCE(t.client, ''), t.user_id FROM secrets s JOIN tokens t ON t.key = s.token_key WHERE s.hash = $1", []any{hash}, &tokenID, &client, &user)
	return tokenID, client, user, found, err
}
