package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/account"
)

const (
	// The prefixes tell secret scanners, and people who read a log, what a secret is.
	refreshPrefix = "ckr_"
	grantPrefix   = "cka_"

	// refreshGrace is how long after its first use a refresh token may be used again, and
	// the previous access token still works: clients refresh in parallel, and an answer
	// may be lost.
	refreshGrace    = 2 * time.Minute
	refreshesAtOnce = 50 // uses of one refresh token in that time
)

// Pair is the answer of the token endpoint: an access token, and the refresh token that is
// exchanged for the next pair.
type Pair struct {
	Access  string
	Refresh string
}

// newPair returns a pair of new secrets. It is made before the transaction, which may run
// more than once.
func (s *Server) newPair() (p Pair, err error) {
	if p.Access, err = s.auth.NewToken(); err == nil {
		p.Refresh, err = s.auth.NewSecret()
		p.Refresh = refreshPrefix + p.Refresh
	}
	return p, err
}

// Redemption is the request to exchange an authorization code.
type Redemption struct {
	Client   string
	Code     string
	Verifier string // PKCE (RFC 7636 section 4.5)
	Redirect string // where the code was sent; may be empty
}

// Redeem exchanges an authorization code for tokens, once. A second exchange of the same
// code revokes the tokens of the first (RFC 6749 section 4.1.2).
func (s *Server) Redeem(ctx context.Context, addr string, r Redemption) (pair Pair, err error) {
	c, err := s.tokenClient(ctx, r.Client)
	if err != nil {
		return pair, err
	}
	if pair, err = s.newPair(); err != nil {
		return pair, err
	}
	err = s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		g, found, err := account.FindGrant(tx, auth.Hash(r.Code))
		if err != nil {
			return err
		}
		if !found || g.Client != c.ID {
			return errorf(InvalidGrant, "The code is unknown, too old, or was given to another client; sign in again.")
		}
		if g.Token != "" {
			if err := s.revokeFamily(tx, g.User, g.Token); err != nil {
				return err
			}
			return tx.CommitWithError(errorf(InvalidGrant, "The code was already used. Its tokens are revoked, since the code may have been stolen; sign in again."))
		}
		if fault := r.mismatch(g); fault != nil {
			return fault
		}
		w, err := actAsMember(tx, g.User, g.Workspace)
		if err != nil {
			return err
		}
		tx.After(s.auth.Forget) // the new token may replace the oldest one of the user
		id, err := account.CreateToken(tx, w, account.Token{Hash: auth.Hash(pair.Access), Refresh: auth.Hash(pair.Refresh), Name: c.Name, Scope: g.Scope, Reach: g.Reach, Origin: crm.OriginOAuth, Client: c.ID})
		if err != nil {
			return err
		}
		return account.UseGrant(tx, g, id)
	})
	return pair, err
}

// mismatch returns an error if the redemption does not fit the grant. The verifier proves that
// the request is from the program that began the sign-in (RFC 7636 section 4.6), since a public
// client has no secret to prove it with.
func (r Redemption) mismatch(g account.Grant) error {
	sum := sha256.Sum256([]byte(r.Verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case !g.Live:
		return errorf(InvalidGrant, "The code has expired (after %d seconds); sign in again.", int(account.GrantLife.Seconds()))
	case r.Redirect != "" && r.Redirect != g.Redirect:
		return errorf(InvalidGrant, "redirect_uri is not the one the code was sent to.")
	case len(r.Verifier) < 43 || len(r.Verifier) > 128 || subtle.ConstantTimeCompare([]byte(challenge), []byte(g.Challenge)) != 1:
		return errorf(InvalidGrant, "code_verifier does not belong to the code_challenge of the sign-in.")
	}
	return nil
}

// actAsMember makes the user the actor in the workspace, if the user is still a member.
func actAsMember(tx *store.Tx, user, workspace int64) (account.Workspace, error) {
	w, member, err := account.ActInWorkspace(tx, user, workspace)
	if err == nil && !member {
		err = errorf(InvalidGrant, "The user is no longer a member of the workspace; sign in again.")
	}
	return w, err
}

// Refresh exchanges a refresh token for a new pair. The same token may be used again for
// refreshGrace. A use after that is taken for a theft and revokes the access token with all
// its secrets (RFC 9700 section 4.14.2).
func (s *Server) Refresh(ctx context.Context, addr, client, token string) (pair Pair, err error) {
	c, err := s.tokenClient(ctx, client)
	if err != nil {
		return pair, err
	}
	if pair, err = s.newPair(); err != nil {
		return pair, err
	}
	err = s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		r, found, err := account.FindRefreshToken(tx, auth.Hash(token))
		if err != nil {
			return err
		}
		if !found || r.Client != c.ID {
			return errorf(InvalidGrant, "The refresh token is unknown, revoked, expired, or was given to another client; sign in again.")
		}
		if !r.Used.IsZero() && s.store.Now().Sub(r.Used) > refreshGrace {
			if err := s.revokeFamily(tx, r.User, r.TokenID); err != nil {
				return err
			}
			return tx.CommitWithError(errorf(InvalidGrant, "The refresh token was already used. All tokens of this connection are revoked, since it may have been stolen; sign in again."))
		}
		if _, err := actAsMember(tx, r.User, r.Workspace); err != nil {
			return err
		}
		busy := "the refresh token was used too often; use the newest one, or try again"
		if err := auth.CheckLimits(tx, auth.Limit{Name: "refresh " + r.Hash, Most: refreshesAtOnce, Window: refreshGrace, Hint: busy}); err != nil {
			return err
		}
		return account.RotateRefreshToken(tx, r, account.Secrets{Access: auth.Hash(pair.Access), Refresh: auth.Hash(pair.Refresh)}, refreshGrace)
	})
	return pair, err
}

// revokeFamily revokes an access token with all its secrets: every pair that was made of
// the same grant.
func (s *Server) revokeFamily(tx *store.Tx, user int64, tokenID string) error {
	tx.Actor.User = user
	tx.After(s.auth.Forget)
	var known *crm.Error
	err := account.RevokeToken(tx, tokenID)
	if errors.As(err, &known) && known.Code == crm.NotFound {
		return nil // it was already revoked
	}
	return err
}

// RevokeSecret revokes the token that a secret belongs to, access token or refresh token
// (RFC 7009). An unknown secret is not an error. A client can revoke only its own tokens.
func (s *Server) RevokeSecret(ctx context.Context, addr, client, secret string) error {
	return s.store.Write(ctx, crm.Actor{Addr: addr}, func(tx *store.Tx) error {
		id, holder, user, found, err := account.SecretOwner(tx, auth.Hash(secret))
		if err != nil || !found {
			return err
		}
		if holder != client {
			return errorf(InvalidGrant, "The token belongs to another client; send the client_id that it was issued to.")
		}
		return s.revokeFamily(tx, user, id)
	})
}
