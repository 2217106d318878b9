package account

import (
	"cmp"
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store"
)

// Client is a registered OAuth client (RFC 7591). All are public clients: none
// has a secret.
type Client struct {
	ID        string
	Name      string
	Redirects string // a JSON array, as it was registered
	Network   string // from which it was registered
	Created   time.Time
}

// CreateClient registers a client of the name, the redirects and the network given. Where
// the network registered many that nobody signed in through, the oldest of these that has
// no open page gives place.
func CreateClient(tx *store.Tx, c Client) (Client, error) {
	return createClient(tx, c, unusedClients())
}

func createClient(tx *store.Tx, c Client, limit registrationLimit) (Client, error) {
	gone, err := makeRoom(tx, limit, c.Network)
	if err != nil {
		return c, err
	}
	for _, id := range gone {
		if err := tx.Exec("DELETE FROM oauth_clients WHERE id = $1", id); err != nil {
			return c, err
		}
	}
	c.Created = time.UnixMilli(tx.Now()).UTC()
	if c.ID, err = tx.RandomID("oc"); err != nil {
		return c, err
	}
	return c, tx.Exec("INSERT INTO oauth_clients (id, name, redirects, network, created_at, held_until) VALUES ($1, $2, $3, $4, $5, $5)",
		c.ID, c.Name, c.Redirects, c.Network, tx.Now())
}

// FindClient returns a registered client.
func FindClient(ctx context.Context, s *store.Store, id string) (c Client, found bool, err error) {
	var created int64
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT id, name, redirects, network, created_at FROM oauth_clients WHERE id = $1", []any{id}, &c.ID, &c.Name, &c.Redirects, &c.Network, &created)
	})
	c.Created = time.UnixMilli(created).UTC()
	found, err = store.Found(err)
	return c, found, err
}

// GrantLife is how long an authorization code lives.
const GrantLife = time.Minute

// Grant is what an authorization code stands for.
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

// CreateGrant stores a grant of the actor for the workspace. Its client stays while the
// grant lives.
func CreateGrant(tx *store.Tx, g Grant, w Workspace) error {
	if err := tx.Exec("UPDATE oauth_clients SET held_until = $2 WHERE id = $1 AND held_until < $2", g.Client, tx.Now()+GrantLife.Milliseconds()); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO oauth_grants (hash, client, redirect, challenge, scope, reach, user_id, workspace_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		g.Hash, g.Client, g.Redirect, g.Challenge, g.Scope, cmp.Or(g.Reach, crm.ReachOne), tx.Actor.User, w.Number, tx.Now()+GrantLife.Milliseconds())
}

// FindGrant returns the grant with the hash, also when it was used or is too old.
func FindGrant(tx *store.Tx, hash string) (g Grant, found bool, err error) {
	var expires int64
	found, err = tx.Row("SELECT hash, client, redirect, challenge, scope, reach, user_id, workspace_id, COALESCE(token, ''), expires_at FROM oauth_grants WHERE hash = $1",
		[]any{hash}, &g.Hash, &g.Client, &g.Redirect, &g.Challenge, &g.Scope, &g.Reach, &g.User, &g.Workspace, &g.Token, &expires)
	g.Live = expires > tx.Now()
	return g, found, err
}

// UseGrant notes for which token a grant was exchanged, and that its client is
// in use.
func UseGrant(tx *store.Tx, g Grant, token string) error {
	if err := tx.Exec("UPDATE oauth_grants SET token = $2 WHERE hash = $1", g.Hash, token); err != nil {
		return err
	}
	return tx.Exec("UPDATE oauth_clients SET used_at = $2 WHERE id = $1", g.Client, tx.Now())
}

// ActInWorkspace makes the user with the number the actor, in one of the user's
// workspaces; member is false when it is none of theirs (any more).
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

// Refresh is what a refresh token stands for.
type RefreshToken struct {
	Hash      string
	Client    string
	TokenID   string
	Name      string // of the token
	Scope     string
	User      int64
	Workspace int64
	Used      time.Time // first use; zero: none

	key, pair int64
}

// FindRefreshToken returns what the refresh token with the hash stands for.
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

// RotateRefreshToken gives the token a further pair of secrets. The first use of a refresh
// token also ends, after the grace, the access secret it came with.
func RotateRefreshToken(tx *store.Tx, r RefreshToken, access, refresh string, grace time.Duration) error {
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
	if err := addSecrets(tx, r.key, last+1, access, refresh); err != nil {
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

// maxSpare is how many pairs of a token may wait for their first refresh. Parallel
// refreshes leave such behind; the oldest end, so that they are neither many nor
// for ever.
const maxSpare = 20

const dropSpare = `DELETE FROM secrets WHERE token_key = $1 AND pair IN (
	SELECT pair FROM secrets WHERE token_key = $1 AND kind = 'refresh' AND used_at IS NULL AND pair < (
		SELECT MIN(s.pair) FROM (SELECT pair FROM secrets WHERE token_key = $1 AND kind = 'refresh' AND used_at IS NULL ORDER BY pair DESC LIMIT $2) s))`

// addSecrets stores a pair of a token; refresh may be empty.
func addSecrets(tx *store.Tx, key, pair int64, access, refresh string) error {
	const text = "INSERT INTO secrets (hash, token_key, kind, pair) VALUES ($1, $2, $3, $4)"
	err := tx.Exec(text, access, key, "access", pair)
	if err == nil && refresh != "" {
		err = tx.Exec(text, refresh, key, "refresh", pair)
	}
	return err
}

// SecretOwner returns which token a secret of any kind opens, and the client that
// holds it, if one does.
func SecretOwner(tx *store.Tx, hash string) (tokenID, client string, user int64, found bool, err error) {
	found, err = tx.Row("SELECT t.id, COALESCE(t.client, ''), t.user_id FROM secrets s JOIN tokens t ON t.key = s.token_key WHERE s.hash = $1", []any{hash}, &tokenID, &client, &user)
	return tokenID, client, user, found, err
}
