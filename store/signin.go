package store

import (
	"context"
	"time"
)

// SignInLife is how long a sign-in on the page may take.
const SignInLife = 15 * time.Minute

// SignIn is a sign-in under way on the page.
type SignIn struct {
	Hash      string // of the secret in the page
	Browser   string // hash of the cookie
	Client    string
	Redirect  string
	State     string
	Challenge string // PKCE, S256
	Email     string // to which a code was last sent; empty before
	Long      bool   // that code has the long form
	Verified  bool   // a code was right

	verifiedAt int64 // when
}

const signInColumns = "hash, browser, client, redirect, state, challenge, email, long, verified, verified_at"

// SaveSignIn stores a sign-in that begins in the network. Where many were begun there for
// which no code was mailed, the oldest of these gives place.
func (tx *Tx) SaveSignIn(s SignIn, network string) error {
	gone, err := tx.makeRoom(tx.store.pages, network)
	if err != nil {
		return err
	}
	for _, hash := range gone {
		if err := tx.dropSignIn(hash); err != nil {
			return err
		}
	}
	err = tx.Exec("INSERT INTO oauth_requests ("+signInColumns+", expires_at, network) VALUES ($1, $2, $3, $4, $5, $6, '', 0, 0, 0, $7, $8)",
		s.Hash, s.Browser, s.Client, s.Redirect, s.State, s.Challenge, tx.now+SignInLife.Milliseconds(), network)
	if err != nil {
		return err
	}
	return tx.holdClient(s.Client)
}

// SignInOf returns the sign-in with the hash, begun in the browser, if it still
// lives.
func (s *Store) SignInOf(ctx context.Context, hash, browser string) (in SignIn, found bool, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Row(ctx, signInQuery, []any{hash, browser, s.Now().UnixMilli()}, in.scanDest()...)
	})
	found, err = Found(err)
	return in, found, err
}

const signInQuery = "SELECT " + signInColumns + " FROM oauth_requests WHERE hash = $1 AND browser = $2 AND expires_at > $3"

func (s *SignIn) scanDest() []any {
	return []any{&s.Hash, &s.Browser, &s.Client, &s.Redirect, &s.State, &s.Challenge, &s.Email, &s.Long, &s.Verified, &s.verifiedAt}
}

// SignInOf is Store.SignInOf as the transaction sees it.
func (tx *Tx) SignInOf(hash, browser string) (in SignIn, found bool, err error) {
	found, err = tx.Row(signInQuery, []any{hash, browser, tx.now}, in.scanDest()...)
	return in, found, err
}

// UpdateSignIn stores to whom a code was sent, and whether one was right.
func (tx *Tx) UpdateSignIn(s SignIn) error {
	return tx.Exec("UPDATE oauth_requests SET email = $2, long = $3, verified = $4, verified_at = $5, mailed = CASE WHEN $2 = '' THEN mailed ELSE 1 END WHERE hash = $1",
		s.Hash, s.Email, boolInt(s.Long), boolInt(s.Verified), tx.now)
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// EndSignIn ends a sign-in.
func (tx *Tx) EndSignIn(s SignIn) error { return tx.dropSignIn(s.Hash) }

func (tx *Tx) dropSignIn(hash string) error {
	var client string
	found, err := tx.Row("SELECT client FROM oauth_requests WHERE hash = $1", []any{hash}, &client)
	if err != nil || !found {
		return err
	}
	if err := tx.Exec("DELETE FROM oauth_requests WHERE hash = $1", hash); err != nil {
		return err
	}
	return tx.holdClient(client)
}

// covered selects the workspaces that a sign-in on the page is good for: those to
// which the person with the address $1 belonged when the code was right. Who was
// removed since and invited again signs in again.
const covered = "SELECT " + workspaceColumns + ` FROM users u JOIN members m ON m.user_id = u.number JOIN workspaces w ON w.number = m.workspace_id
	WHERE u.email = $1 AND m.created_at <= $2 ORDER BY m.created_at, m.key`

// WorkspacesOf returns the workspaces that the sign-in is good for, oldest
// membership first.
func (s *Store) WorkspacesOf(ctx context.Context, in SignIn) (list []Workspace, err error) {
	err = s.Read(ctx, func(v *ReadTx) error {
		return v.Rows(ctx, covered, []any{in.Email, in.verifiedAt}, appendWorkspaces(&list))
	})
	return list, err
}

// ActFor makes the person who signed in on the page the actor, and returns the
// workspaces that the sign-in is good for; known is false when the account is
// gone.
func (tx *Tx) ActFor(in SignIn) (list []Workspace, known bool, err error) {
	a := &tx.Actor
	known, err = tx.Row("SELECT number, id, email FROM users WHERE email = $1", []any{in.Email}, &a.User, &a.UserID, &a.Email)
	if err == nil && known {
		err = tx.Rows(covered, []any{in.Email, in.verifiedAt}, appendWorkspaces(&list))
	}
	return list, known, err
}

// appendWorkspaces returns what reads rows of workspaceColumns into a list.
func appendWorkspaces(list *[]Workspace) func(scan func(...any) error) error {
	return func(scan func(...any) error) error {
		*list = append(*list, Workspace{})
		return scan((*list)[len(*list)-1].scanDest()...)
	}
}
