// Package auth turns a credential into an actor: access tokens, mailed codes, step-up
// codes and delete confirmations. It composes the mails it sends. It never speaks HTTP
// and executes no SQL of its own.
//
// Two rules hold everywhere. Only hashes of secrets are stored. And a limit that a stranger can
// use up never locks the owner of an address out: it slows requests down or makes codes long,
// and does not stop them. Limits are counted in the database, in the transaction that they
// guard.
package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/mail"
	"crmkit/store"
	"crmkit/store/account"
)

// Auth checks credentials against a store. It is safe for concurrent use.
type Auth struct {
	store *store.Store
	opts  Options

	mu         sync.RWMutex
	sessions   map[string]cached // by hash of the token
	generation uint64            // incremented when sessions are dropped

	hits, misses atomic.Int64 // of sessions
	failures     failures
}

// Options configure an Auth.
type Options struct {
	Mail        *mail.Sender // nil: codes are returned instead of mailed, and invites are not mailed
	BaseURL     string       // origin of this server, for mails
	InviteOnly  bool         // only users and invited addresses can sign in
	NewUserPlan string       // of users that MintToken makes; empty: that of the store
}

// New returns an Auth for the store.
func New(s *store.Store, opts Options) *Auth {
	return &Auth{store: s, opts: opts, sessions: map[string]cached{}}
}

// cached is a session in memory.
type cached struct {
	session account.Session
	until   time.Time // when it is read again
	touched time.Time // when its use was last stored
}

const (
	// cacheFor bounds how long a change by another server on the same store goes unnoticed.
	// Changes by this one take effect at once, through Forget. In a database that several
	// processes use no session is taken from memory.
	cacheFor    = time.Second
	touchAfter  = time.Minute // between two notes of a token's last use
	maxSessions = 10_000

	// saveAfter is how long a token was not used when its next use is written at once, in a database
	// that several processes use: it is about to expire, and another process must not take it for
	// expired until the next flush.
	saveAfter = store.IdleLimit - 2*day
	saveTime  = 2 * time.Second // that the write may take
)

// Actor returns the user, workspace and scope of an access token. Errors are
// auth_required, invalid_token and token_expired.
func (a *Auth) Actor(ctx context.Context, token string) (crm.Actor, error) {
	if token == "" {
		return crm.Actor{}, signedOut(crm.AuthRequired, "this request needs a token. Send the header Authorization: Bearer <token>.")
	}
	if !wellFormed(token) {
		return crm.Actor{}, signedOut(crm.InvalidToken, "this is not a valid crmkit token; it may have been cut when it was copied.")
	}
	hash := Hash(token)
	session, err := a.session(ctx, hash)
	if err != nil {
		return crm.Actor{}, err
	}
	now := a.store.Now()
	if now.UnixMilli()-session.LastUsed > store.IdleLimit.Milliseconds() {
		return crm.Actor{}, signedOut(crm.TokenExpired, fmt.Sprintf("the token was not used for %d days and expired.", int(store.IdleLimit.Hours()/24)))
	}
	if a.touch(hash, session.Actor, now) && a.store.Shared() && now.UnixMilli()-session.LastUsed > saveAfter.Milliseconds() {
		ctx, cancel := context.WithTimeout(ctx, saveTime)
		defer cancel()
		a.store.FlushLastUsed(ctx)
	}
	session.Actor.Schema, err = a.store.Declared(ctx, session.Actor.Workspace, session.Shape)
	return session.Actor, err
}

// signIn is the hint of every 401.
const signIn = `Sign in: POST /auth/request {"email":"you@example.com"}, then POST /auth/verify with the code; add "workspace_id" to choose one of several workspaces.`

// signedOut is the error for a request without a valid token.
func signedOut(code crm.Code, what string) *crm.Error {
	return crm.Errorf(code, "%s %s", what, signIn).ForTools("%s %s", what, account.ConnectAgain)
}

// session returns the session of a token from memory, or reads it.
func (a *Auth) session(ctx context.Context, hash string) (account.Session, error) {
	now := a.store.Now()
	a.mu.RLock()
	c, found := a.sessions[hash]
	generation := a.generation
	a.mu.RUnlock()
	if found && now.Before(c.until) && !a.store.Shared() {
		a.hits.Add(1)
		return c.session, nil
	}
	a.misses.Add(1)
	session, found, err := account.FindSession(ctx, a.store, hash)
	if err != nil {
		return session, err
	}
	if !found {
		return session, signedOut(crm.InvalidToken, "the token is unknown, was revoked, or its workspace is gone.")
	}
	session.LastUsed = max(session.LastUsed, c.touched.UnixMilli())
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.generation == generation { // otherwise the session may be outdated
		if len(a.sessions) >= maxSessions {
			clear(a.sessions)
		}
		a.sessions[hash] = cached{session, now.Add(cacheFor), c.touched}
	}
	return session, nil
}

// touch notes the use of a token, at most once in touchAfter, and reports whether it did.
func (a *Auth) touch(hash string, actor crm.Actor, now time.Time) bool {
	a.mu.RLock()
	c, found := a.sessions[hash]
	a.mu.RUnlock()
	if found && now.Sub(c.touched) < touchAfter {
		return false
	}
	a.store.MarkUsed(actor)
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, found := a.sessions[hash]; found {
		c.touched = now
		c.session.LastUsed = now.UnixMilli()
		a.sessions[hash] = c
	}
	return true
}

// Forget drops the cached sessions. It is called after each commit that changes tokens,
// members or workspaces.
func (a *Auth) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	clear(a.sessions)
}

// Revoke revokes a token of the actor. It returns the tokens that this one made and that
// remain valid.
func (a *Auth) Revoke(tx *store.Tx, id string) (left []account.MadeToken, err error) {
	tx.After(a.Forget)
	id = crm.CutHandle(id)
	if left, err = account.TokensMadeBy(tx, id); err == nil {
		err = account.RevokeToken(tx, id)
	}
	return left, err
}

// Hash returns the stored form of a secret: its SHA-256 in hexadecimal.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Bearer returns the token of an Authorization header (RFC 6750 section 2.1),
// or "" if it has none. The case of the scheme does not matter.
func Bearer(header string) string {
	scheme, token, found := strings.Cut(strings.TrimSpace(header), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
