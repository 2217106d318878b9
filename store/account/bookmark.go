package account

import (
	"crmkit/crm"
	"crmkit/store"
)

// MaxBookmarks is how many bookmarks a token has in a workspace.
const MaxBookmarks = 100

// MoveBookmark notes that the token of the actor has seen the log of its workspace up to the entry with
// a number. A bookmark is no change of the workspace, so the log does not have it.
func MoveBookmark(tx *store.Tx, name string, number int64) error {
	of := []any{tx.Actor.Workspace, tx.Actor.TokenID, name}
	n, err := tx.Affect("UPDATE bookmarks SET number = $4, moved_at = $5 WHERE workspace_id = $1 AND token_key = "+tokenKey+" AND name = $3", append(of, number, tx.Now())...)
	if n > 0 || err != nil {
		return err
	}
	var marks int64
	if _, err := tx.Row("SELECT COUNT(*) FROM bookmarks WHERE workspace_id = $1 AND token_key = "+tokenKey, of[:2], &marks); err != nil {
		return err
	}
	if marks >= MaxBookmarks {
		return crm.Errorf(crm.InvalidValue, "this token has %d bookmarks, the most there may be; move one of them instead, or leave bookmark out to use the one named default.", marks).On("bookmark")
	}
	return tx.Exec("INSERT INTO bookmarks (workspace_id, token_key, name, number, moved_at) VALUES ($1, "+tokenKey+", $3, $4, $5)", append(of, number, tx.Now())...)
}

// tokenKey is SQL for the key of the token with the id $2.
const tokenKey = "(SELECT key FROM tokens WHERE id = $2)"
