package account

import (
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// MaxTokens is how many tokens a user may have.
const MaxTokens = 100

// userToken is what decides which token of a user is replaced by a new one.
type userToken struct {
	id, name string
	used     int64 // unix milliseconds
}

// makeTokenRoom makes sure that the actor's user may have one more token. A token that was
// idle for longer than the idle limit is replaced by any. A person who signs in always gets a
// token: the least recently used token of the same name is replaced, or else the least
// recently used one. A token made by another token replaces none, so that no program can push
// out what a person signed in for.
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

// userTokens returns tokens of the actor's user, the least recently used first. Files that are
// older than the limit may hold more.
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
