package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"crmkit/crm"
	"crmkit/query"
)

// IdleLimit is how long a token lives without use.
const IdleLimit = 30 * 24 * time.Hour

// Token is a session to be made: its hash stands for the secret, which is
// never stored.
type Token struct {
	Hash   string
	Name   string
	Scope  string
	Origin string // how it came to be, a crm.Origin word
	Reach  string // a crm.Reach word; empty: one

	Client  string // the OAuth client that holds it, if one does
	Refresh string // hash of its refresh token, if it has one
	Maker   string // id of the token by which it is made, if one is
}

// CreateToken stores a token of the actor's user for the workspace. Where the user
// has MaxTokens it takes the place of one; for a token that another token makes the
// error is plan_limit_reached. What the token of a connection makes ends with it.
func (tx *Tx) CreateToken(w Workspace, t Token) (id string, err error) {
	if err := tx.tokenPlace(t); err != nil {
		return "", err
	}
	if id, err = crm.RandomID("tok", tx.store.random); err != nil {
		return "", err
	}
	key, err := tx.sequence("tokens")
	if err != nil {
		return "", err
	}
	err = tx.exec(`INSERT INTO tokens (key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, client, created_at, last_used_at, reach, made_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, (SELECT m.key FROM tokens m WHERE m.id = $13 AND (m.client IS NOT NULL OR m.made_by IS NOT NULL)))`,
		key, id, tx.Actor.User, w.Number, w.ID, t.Name, query.Fold(t.Name), t.Scope, t.Origin, text(t.Client), tx.now, cmp.Or(t.Reach, crm.ReachOne), t.Maker)
	if err == nil {
		err = tx.addSecrets(key, 0, t.Hash, t.Refresh)
	}
	if err != nil {
		return "", err
	}
	tx.Actor.Workspace = w.Number
	if tx.Actor.TokenID == "" {
		tx.Actor.TokenID = id
	}
	return id, tx.log("token.create", "token/"+id, nil, words("name", t.Name, "scope", t.Scope, "origin", t.Origin))
}

// Revoke ends a token of the actor's user, at once, and what was made by it where
// it is that of a connection.
func (tx *Tx) Revoke(id string) error {
	var key int64
	found, err := tx.row("SELECT key FROM tokens WHERE user_id = $1 AND id = $2", []any{tx.Actor.User, id}, &key)
	if err != nil {
		return err
	}
	if !found {
		return crm.Errorf(crm.NotFound, "you have no token %s; GET /tokens lists yours.", crm.Show(id))
	}
	return tx.endTokens(0, "SELECT key FROM tokens WHERE key = $1", key)
}

// Session is what a token stands for.
type Session struct {
	Actor    crm.Actor
	LastUsed int64 // unix milliseconds
}

// Session returns what the token with the hash stands for; found is false when
// there is none, or its user has left the workspace.
func (s *Store) Session(ctx context.Context, hash string) (session Session, found bool, err error) {
	a := &session.Actor
	err = s.view(ctx, func(v *view) error {
		return v.row(ctx, `SELECT t.id, t.name, t.scope, t.origin, t.reach, t.last_used_at, u.number, u.id, u.email, w.number, w.id, w.name, w.time_zone, w.plan, m.role
			FROM secrets s JOIN tokens t ON t.key = s.token_key JOIN users u ON u.number = t.user_id JOIN workspaces w ON w.number = t.workspace_id
			JOIN members m ON m.workspace_id = t.workspace_id AND m.user_id = t.user_id
			WHERE s.hash = $1 AND s.kind = 'access' AND (s.dies_at IS NULL OR s.dies_at > $2)`, []any{hash, s.Now().UnixMilli()},
			&a.TokenID, &a.TokenName, &a.Scope, &a.Origin, &a.Reach, &session.LastUsed, &a.User, &a.UserID, &a.Email,
			&a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.TimeZone, &a.Plan, &a.Role)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return session, false, nil
	}
	a.Zone, _ = Zone(a.TimeZone)
	return session, err == nil, err
}

// touches remembers when tokens were last used, so that reads do not write.
type touches struct {
	mu   sync.Mutex
	used map[string]int64 // token id -> unix milliseconds
}

// Touch notes that a token is in use. It reaches the file within a minute, and
// when the store closes.
func (s *Store) Touch(tokenID string) {
	s.touch.mu.Lock()
	defer s.touch.mu.Unlock()
	if s.touch.used == nil {
		s.touch.used = map[string]int64{}
	}
	s.touch.used[tokenID] = s.Now().UnixMilli()
}

const touchEvery = 30 * time.Second

// flushTouches writes token uses back, and purges, until the store closes.
func (s *Store) flushTouches() {
	tick := time.NewTicker(touchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.FlushTouches(context.Background())
			s.Purge(context.Background())
		case <-s.stop:
			return
		}
	}
}

// touchStep is how many uses of tokens one write brings to the file.
const touchStep = 500

// FlushTouches writes the uses noted by Touch to the file now. They go in steps, between
// which others write; those that could not be written stay noted.
func (s *Store) FlushTouches(ctx context.Context) {
	s.touch.mu.Lock()
	used := s.touch.used
	s.touch.used = nil
	s.touch.mu.Unlock()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(used)), touchStep) {
		err := s.Write(ctx, crm.Actor{}, func(tx *Tx) error { return tx.touchTokens(ids, used) })
		if err != nil {
			s.opts.Log.Warn("token uses not written yet", "error", err)
			break
		}
		for _, id := range ids {
			delete(used, id)
		}
	}
	s.touch.back(used)
}

// back notes uses that could not be written again, unless later ones are noted.
func (t *touches) back(used map[string]int64) {
	if len(used) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, at := range t.used {
		used[id] = max(used[id], at)
	}
	t.used = used
}

func (tx *Tx) touchTokens(ids []string, used map[string]int64) error {
	for _, id := range ids {
		if err := tx.exec("UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", id, used[id]); err != nil {
			return err
		}
	}
	return nil
}

// keepStrays is how long entries of the log that belong to no workspace stay:
// failed sign-ins of strangers, workspaces that were deleted.
const keepStrays = 90 * 24 * time.Hour
