package account

import (
	"slices"

	"crmkit/crm"
	"crmkit/store"
)

// MaxTokens is how many tokens a user may have.
const MaxTokens = 100

// userToken is a token of a user that a new token may replace.
type userToken struct {
	id, name string
	used     int64 // unix milliseconds
}

// makeTokenRoom makes sure that the actor's user may have one more token. If the least recently used
// token was idle for longer than the idle limit, any new token replaces it. A person who signs in
// always gets a token: it replaces the least recently used token of the same name, or else the
// least recently used one. A token made by another token is refused instead, so that a program
// cannot remove the token of a person who signed in.
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
	replaced := list[0]
	if replaced.used > tx.Now()-store.IdleLimit.Milliseconds() {
		if t.Origin == crm.OriginMinted {
			return crm.Errorf(crm.PlanLimitReached, "you have %d tokens, as many as a user may have. GET /tokens?sort=last_used_at lists them, the one that was unused for the longest time first; DELETE /tokens/{id} ends one.", MaxTokens)
		}
		if i := slices.IndexFunc(list, func(other userToken) bool { return other.name == t.Name }); i >= 0 {
			replaced = list[i]
		}
	}
	return endTokens(tx, 0, "SELECT key FROM tokens WHERE id = $1", replaced.id)
}

// userTokens returns tokens of the actor's user, the least recently used first. A file that is older
// than the limit may have more than MaxTokens.
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
