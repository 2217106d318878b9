package account

import (
	"cmp"
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/sqlite"
)

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
func CreateToken(tx *store.Tx, w Workspace, t Token) (id string, err error) {
	if err := makeTokenRoom(tx, t); err != nil {
		return "", err
	}
	if id, err = tx.RandomID("tok"); err != nil {
		return "", err
	}
	key, err := tx.Sequence("tokens")
	if err != nil {
		return "", err
	}
	err = tx.Exec(`INSERT INTO tokens (key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, client, created_at, last_used_at, reach, made_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, (SELECT m.key FROM tokens m WHERE m.id = $13 AND (m.client IS NOT NULL OR m.made_by IS NOT NULL)))`,
		key, id, tx.Actor.User, w.Number, w.ID, t.Name, norm.Fold(t.Name), t.Scope, t.Origin, store.NullText(t.Client), tx.Now(), cmp.Or(t.Reach, crm.ReachOne), t.Maker)
	if err == nil {
		err = addSecrets(tx, key, 0, t.Hash, t.Refresh)
	}
	if err != nil {
		return "", err
	}
	tx.Actor.Workspace = w.Number
	if tx.Actor.TokenID == "" {
		tx.Actor.TokenID = id
	}
	return id, tx.LogEntry("token.create", "token/"+id, nil, store.LogFields("name", t.Name, "scope", t.Scope, "origin", t.Origin))
}

// RevokeToken ends a token of the actor's user, at once, and what was made by it where
// it is that of a connection.
func RevokeToken(tx *store.Tx, id string) error {
	var key int64
	found, err := tx.Row("SELECT key FROM tokens WHERE user_id = $1 AND id = $2", []any{tx.Actor.User, id}, &key)
	if err != nil {
		return err
	}
	if !found {
		return crm.Errorf(crm.NotFound, "you have no token %s; GET /tokens lists yours.", norm.Quote(id))
	}
	return endTokens(tx, 0, "SELECT key FROM tokens WHERE key = $1", key)
}

// Session is what a token stands for.
type Session struct {
	Actor    crm.Actor
	LastUsed int64 // unix milliseconds; uses that are not in the file yet count
}

// FindSession returns what the token with the hash stands for; found is false when
// there is none, or its user has left the workspace.
func FindSession(ctx context.Context, s *store.Store, hash string) (session Session, found bool, err error) {
	a := &session.Actor
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, `SELECT t.id, t.name, t.scope, t.origin, t.reach, t.last_used_at, u.number, u.id, u.email, w.number, w.id, w.name, w.time_zone, w.plan, m.role
			FROM secrets s JOIN tokens t ON t.key = s.token_key JOIN users u ON u.number = t.user_id JOIN workspaces w ON w.number = t.workspace_id
			JOIN members m ON m.workspace_id = t.workspace_id AND m.user_id = t.user_id
			WHERE s.hash = $1 AND s.kind = 'access' AND (s.dies_at IS NULL OR s.dies_at > $2)`, []any{hash, s.Now().UnixMilli()},
			&a.TokenID, &a.TokenName, &a.Scope, &a.Origin, &a.Reach, &session.LastUsed, &a.User, &a.UserID, &a.Email,
			&a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.TimeZone, &a.Plan, &a.Role)
	})
	if errors.Is(err, sqlite.ErrNoRows) {
		return session, false, nil
	}
	a.Zone, _ = LoadTimeZone(a.TimeZone)
	session.LastUsed = s.LastUsed(a.TokenID, session.LastUsed)
	return session, err == nil, err
}
