package account

import (
	"context"
	"time"

	"crmkit/store"
	"crmkit/store/engine"
)

// AuthRequestLife is how long a sign-in on the page may take.
const AuthRequestLife = 15 * time.Minute

// AuthRequest is an OAuth authorization request for which a person is signing in on the page.
type AuthRequest struct {
	Hash      string // of the secret in the page
	Browser   string // hash of the cookie
	Client    string
	Redirect  string
	State     string
	Challenge string // PKCE, S256
	Email     string // to which a code was last sent; empty before
	Long      bool   // that code has the long form
	Verified  bool   // a code was right
	Shown     string // the code as the page has it where no mail is sent; sealed by the caller

	verifiedAt int64 // when
}

// authRequestColumns are the columns of an AuthRequest.
const authRequestColumns = "hash, browser, client, redirect, state, challenge, email, long, verified, shown, verified_at"

// scanDest returns the scan destinations of authRequestColumns.
func (s *AuthRequest) scanDest() []any {
	return []any{&s.Hash, &s.Browser, &s.Client, &s.Redirect, &s.State, &s.Challenge, &s.Email, &s.Long, &s.Verified, &s.Shown, &s.verifiedAt}
}

// CreateAuthRequest stores a sign-in that begins in the network. If the network has as many
// open pages without a mailed code as it may, the oldest one is deleted for it.
func CreateAuthRequest(tx *store.Tx, s AuthRequest, network string) error {
	return createAuthRequest(tx, s, network, openPages())
}

// createAuthRequest is CreateAuthRequest with a limit of its own.
func createAuthRequest(tx *store.Tx, s AuthRequest, network string, limit registrationLimit) error {
	replaced, err := makeRoom(tx, limit, network)
	if err != nil {
		return err
	}
	for _, hash := range replaced {
		if err := deleteAuthRequest(tx, hash); err != nil {
			return err
		}
	}
	err = tx.Exec("INSERT INTO oauth_requests ("+authRequestColumns+", expires_at, network) VALUES ($1, $2, $3, $4, $5, $6, '', 0, 0, '', 0, $7, $8)",
		s.Hash, s.Browser, s.Client, s.Redirect, s.State, s.Challenge, tx.Now()+AuthRequestLife.Milliseconds(), network)
	if err != nil {
		return err
	}
	return holdClient(tx, s.Client)
}

// authRequestQuery finds a live request by the secret of its page and its browser.
const authRequestQuery = "SELECT " + authRequestColumns + " FROM oauth_requests WHERE hash = $1 AND browser = $2 AND expires_at > $3"

// FindAuthRequest returns the request with the hash, if it is live and was begun in this
// browser.
func FindAuthRequest(ctx context.Context, s *store.Store, hash, browser string) (in AuthRequest, found bool, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, authRequestQuery, []any{hash, browser, s.Now().UnixMilli()}, in.scanDest()...)
	})
	found, err = engine.Found(err)
	return in, found, err
}

// AuthRequestInTx is FindAuthRequest in a transaction.
func AuthRequestInTx(tx *store.Tx, hash, browser string) (in AuthRequest, found bool, err error) {
	found, err = tx.Row(authRequestQuery, []any{hash, browser, tx.Now()}, in.scanDest()...)
	return in, found, err
}

// UpdateAuthRequest stores where a code was sent, what the page shows of it, and whether it was right.
func UpdateAuthRequest(tx *store.Tx, s AuthRequest) error {
	return tx.Exec("UPDATE oauth_requests SET email = $2, long = $3, verified = $4, shown = $5, verified_at = $6, mailed = CASE WHEN $2 = '' THEN mailed ELSE 1 END WHERE hash = $1",
		s.Hash, s.Email, s.Long, s.Verified, s.Shown, tx.Now())
}

// EndAuthRequest deletes a request.
func EndAuthRequest(tx *store.Tx, s AuthRequest) error { return deleteAuthRequest(tx, s.Hash) }

// deleteAuthRequest deletes a request. Its client is protected until the last of its other pages ends.
func deleteAuthRequest(tx *store.Tx, hash string) error {
	var client string
	found, err := tx.Row("SELECT client FROM oauth_requests WHERE hash = $1", []any{hash}, &client)
	if err != nil || !found {
		return err
	}
	if err := tx.Exec("DELETE FROM oauth_requests WHERE hash = $1", hash); err != nil {
		return err
	}
	return holdClient(tx, client)
}

// covered selects the workspaces for which a sign-in on the page is valid: those of which the user
// with the address $1 was a member at $2, when the code was entered. A user who was removed and
// invited again since then must sign in again.
const covered = "SELECT " + workspaceColumns + ` FROM users u JOIN members m ON m.user_id = u.number JOIN workspaces w ON w.number = m.workspace_id
	WHERE u.email = $1 AND m.created_at <= $2 ORDER BY m.created_at, m.key`

// WorkspacesOfRequest returns the workspaces for which the sign-in is valid, oldest membership first.
func WorkspacesOfRequest(ctx context.Context, s *store.Store, in AuthRequest) (list []Workspace, err error) {
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Rows(ctx, covered, []any{in.Email, in.verifiedAt}, appendWorkspaces(&list))
	})
	return list, err
}

// ActForRequest makes the user who signed in on the page the actor, and returns the workspaces for
// which the sign-in is valid; known is false if the account was deleted.
func ActForRequest(tx *store.Tx, in AuthRequest) (list []Workspace, known bool, err error) {
	a := &tx.Actor
	known, err = tx.Row("SELECT number, id, email FROM users WHERE email = $1", []any{in.Email}, &a.User, &a.UserID, &a.Email)
	if err == nil && known {
		err = tx.Rows(covered, []any{in.Email, in.verifiedAt}, appendWorkspaces(&list))
	}
	return list, known, err
}
