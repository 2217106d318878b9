package account

import (
	"cmp"
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// Token is a token to be created. It has the hash of the secret, which itself is never stored.
type Token struct {
	Hash   string
	Name   string
	Scope  string
	Origin string // how it was created, a crm.Origin constant
	Reach  string // a crm.Reach constant; empty: crm.ReachOne

	Client  string // the OAuth client that has it, or empty
	Refresh string // hash of its refresh token, or empty
	Maker   string // id of the token that creates it, or empty
}

// CreateToken stores a token of the actor's user for the workspace. If the user has MaxTokens
// already, it replaces one; for a token that another token makes the error is
// plan_limit_reached. A token that an OAuth connection makes ends with the connection.
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
	err = tx.Exec(`INSERT INTO tokens (key, id, user_id, workspace_id, workspace, name, name_fold, scope, origin, client, created_at, last_used_at, reach, made_by, name_plain)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, (SELECT m.key FROM tokens m WHERE m.id = $13 AND (m.client IS NOT NULL OR m.made_by IS NOT NULL)), $14)`,
		key, id, tx.Actor.User, w.Number, w.ID, t.Name, norm.Fold(t.Name), t.Scope, t.Origin, table.NullText(t.Client), tx.Now(), cmp.Or(t.Reach, crm.ReachOne), t.Maker, table.PlainUnlessSame(t.Name))
	if err == nil {
		err = addSecrets(tx, key, 0, Secrets{t.Hash, t.Refresh})
	}
	if err != nil {
		return "", err
	}
	tx.Actor.Workspace = w.Number
	if tx.Actor.TokenID == "" {
		tx.Actor.TokenID = id
	}
	return id, tx.LogEntry("token.create", "token/"+id, nil, changelog.Texts("name", t.Name, "scope", t.Scope, "origin", t.Origin))
}

// RevokeToken ends a token of the actor's user at once, and if it belongs to an OAuth
// connection, also the tokens that it made.
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

// endTokens ends the tokens whose keys the SQL text selects, with all tokens that they made.
// Each gets an entry in the log of its workspace, except in the workspace named quiet, where
// the entry about the end of a membership covers them.
func endTokens(tx *store.Tx, quiet int64, keys string, args ...any) error {
	type ended struct {
		id        string
		workspace int64
	}
	var list []ended
	err := tx.Rows(`WITH RECURSIVE ended (key) AS (`+keys+` UNION SELECT t.key FROM tokens t JOIN ended e ON t.made_by = e.key)
		SELECT t.id, t.workspace_id FROM ended e JOIN tokens t ON t.key = e.key ORDER BY t.key`, args, func(scan func(...any) error) error {
		list = append(list, ended{})
		return scan(&list[len(list)-1].id, &list[len(list)-1].workspace)
	})
	if err == nil {
		err = tx.Exec("DELETE FROM tokens WHERE key IN ("+keys+")", args...)
	}
	home := tx.Actor.Workspace
	defer func() { tx.Actor.Workspace = home }()
	for _, e := range list {
		if err != nil {
			return err
		}
		if tx.Actor.Workspace = e.workspace; e.workspace != quiet {
			err = tx.LogEntry("token.revoke", "token/"+e.id, nil, nil)
		}
	}
	return err
}

// MadeToken is a token that was made by another one and outlives it.
type MadeToken struct {
	ID, Name, WorkspaceID string
	Sure                  bool // false: the log begins later than the token
}

// TokensMadeBy returns the live tokens of the actor's user that the token made, directly or
// indirectly, and that do not end with it. It includes tokens whose maker the log does not
// name any more.
func TokensMadeBy(tx *store.Tx, id string) (list []MadeToken, err error) {
	makers := map[string]bool{id: true}
	text := `SELECT t.id, t.name, t.workspace, t.last_used_at,
		COALESCE((SELECT c.token_id FROM changes c WHERE c.workspace_id = t.workspace_id AND c.target = 'token/' || t.id AND c.action = 'token.create'), '')
		FROM tokens t WHERE t.user_id = $1 AND t.origin = '` + crm.OriginMinted + `' AND t.made_by IS NULL
		AND t.key > (SELECT key FROM tokens WHERE user_id = $1 AND id = $2) ORDER BY t.key LIMIT $3`
	err = tx.Rows(text, []any{tx.Actor.User, id, 10 * MaxTokens}, func(scan func(...any) error) error {
		var m MadeToken
		var used int64
		var maker string
		if err := scan(&m.ID, &m.Name, &m.WorkspaceID, &used, &maker); err != nil {
			return err
		}
		if m.Sure = maker != ""; m.Sure && !makers[maker] {
			return nil
		}
		if makers[m.ID] = m.Sure; tx.LastUsed(m.ID, used) > tx.Now()-store.IdleLimit.Milliseconds() {
			list = append(list, m)
		}
		return nil
	})
	return list, err
}

// Session is the actor of an access token.
type Session struct {
	Actor    crm.Actor
	LastUsed int64 // unix milliseconds, with uses that are not in the file yet
	Shape    int64 // version of what the workspace has declared
}

// FindSession returns the session of the token with the hash; found is false if no token has the
// hash, or if its user has left the workspace.
func FindSession(ctx context.Context, s *store.Store, hash string) (session Session, found bool, err error) {
	a := &session.Actor
	err = s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, `SELECT t.id, t.name, t.scope, t.origin, t.reach, t.last_used_at, u.number, u.id, u.email, w.number, w.id, w.name, w.time_zone, COALESCE(w.country, ''), w.plan, m.role, w.shape
			FROM secrets s JOIN tokens t ON t.key = s.token_key JOIN users u ON u.number = t.user_id JOIN workspaces w ON w.number = t.workspace_id
			JOIN members m ON m.workspace_id = t.workspace_id AND m.user_id = t.user_id
			WHERE s.hash = $1 AND s.kind = 'access' AND (s.dies_at IS NULL OR s.dies_at > $2)`, []any{hash, s.Now().UnixMilli()},
			&a.TokenID, &a.TokenName, &a.Scope, &a.Origin, &a.Reach, &session.LastUsed, &a.User, &a.UserID, &a.Email,
			&a.Workspace, &a.WorkspaceID, &a.WorkspaceName, &a.TimeZone, &a.Country, &a.Plan, &a.Role, &session.Shape)
	})
	if errors.Is(err, engine.ErrNoRows) {
		return session, false, nil
	}
	a.Zone, _ = LoadTimeZone(a.TimeZone)
	session.LastUsed = s.LastUsed(a.TokenID, session.LastUsed)
	return session, err == nil, err
}
