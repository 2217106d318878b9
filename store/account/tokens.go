package account

import (
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// MaxTokens is how many tokens a user may have.
const MaxTokens = 100

// userToken is what decides which token of a user makes place for another.
type userToken struct {
	id, name string
	used     int64 // unix milliseconds
}

// makeTokenRoom sees that the actor's user has room for one more token of the name.
// A token that is idle for longer than IdleLimit makes place for any. A person who
// signs in always finds place: the token of that name goes that was unused for the
// longest time, or else of any name. A token that another token makes finds none,
// so that no program can push out what a person signed in for.
func makeTokenRoom(tx *store.Tx, t Token) error {
	var n int
	_, err := tx.Row("SELECT COUNT(*) FROM (SELECT 1 FROM tokens WHERE user_id = $1 LIMIT $2) x", []any{tx.Actor.User, MaxTokens}, &n)
	if err != nil || n < MaxTokens {
		return err
	}
	list, err := userTokens(tx)
	if err != nil {
		return err
	}
	goes := list[0]
	if goes.used > tx.Now()-store.IdleLimit.Milliseconds() {
		if t.Origin == crm.OriginMinted {
			return crm.Errorf(crm.PlanLimitReached, "you have %d tokens, as many as a user may have. GET /tokens?sort=last_used_at lists them, the one that was unused for the longest time first; DELETE /tokens/{id} ends one.", MaxTokens)
		}
		if i := slices.IndexFunc(list, func(other userToken) bool { return other.name == t.Name }); i >= 0 {
			goes = list[i]
		}
	}
	return endTokens(tx, 0, "SELECT key FROM tokens WHERE id = $1", goes.id)
}

// userTokens returns tokens of the actor's user, the one that was unused for the
// longest time first. Files that are older than the limit may hold more than it.
func userTokens(tx *store.Tx) (list []userToken, err error) {
	err = tx.Rows("SELECT id, name, last_used_at FROM tokens WHERE user_id = $1 ORDER BY last_used_at, key LIMIT $2", []any{tx.Actor.User, 10 * MaxTokens}, func(scan func(...any) error) error {
		list = append(list, userToken{})
		t := &list[len(list)-1]
		return scan(&t.id, &t.name, &t.used)
	})
	for i := range list {
		list[i].used = tx.LastUsed(list[i].id, list[i].used)
	}
	slices.SortStableFunc(list, func(a, b userToken) int { return int(a.used - b.used) })
	return list, err
}

// endTokens ends the tokens whose keys the text selects, with all that were made
// by them. Each gets an entry in the log of its workspace, but for those of the
// quiet workspace: there the entry about the end of a membership stands for them.
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

// Made is a token that another made and that lives on when that one ends.
type MadeToken struct {
	ID, Name, WorkspaceID string
	Sure                  bool // else the log begins later than the token
}

// TokensMadeBy returns the live tokens of the actor's user that the token made, directly or by
// others, and that do not end with it; also those of which the log does not tell any more
// what made them.
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
