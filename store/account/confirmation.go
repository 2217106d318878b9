package account

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store"
	"crmkit/store/engine"
)

// How long confirmations live: of a delete and of a dry run until it is done, and then its
// answer.
const (
	ConfirmDelete = 10 * time.Minute
	ConfirmPlan   = 15 * time.Minute
	KeepAnswer    = 24 * time.Hour
)

// Confirmation is a request of a user in a workspace that a token confirms.
type Confirmation struct {
	Hash    string // of the token
	Request string // what it does: method and path with parameters, or the record to delete
	Body    string // the digest of its body; empty: it has none
	Decided string // what was decided when the token was made, in a form of the caller's
	Answer  string // once it is done; empty: it is not
}

// SaveConfirmation stores a confirmation of the actor for the given time.
func SaveConfirmation(tx *store.Tx, c Confirmation, life time.Duration) error {
	return tx.Exec("INSERT INTO confirmations (hash, workspace_id, user_id, request, body, decided, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		c.Hash, tx.Actor.Workspace, tx.Actor.User, c.Request, c.Body, c.Decided, tx.Now()+life.Milliseconds())
}

// TakeConfirmation uses up a confirmation of the actor for the same request with the same body
// and decision, and reports whether there was one.
func TakeConfirmation(tx *store.Tx, c Confirmation) (bool, error) {
	n, err := tx.Affect("DELETE FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND request = $4 AND body = $5 AND decided = $6 AND answer IS NULL AND expires_at > $7",
		c.Hash, tx.Actor.Workspace, tx.Actor.User, c.Request, c.Body, c.Decided, tx.Now())
	return n == 1, err
}

// FindConfirmation returns a confirmation of the actor by the hash of its token, done or not.
func FindConfirmation(ctx context.Context, s *store.Store, actor crm.Actor, hash string) (c Confirmation, found bool, err error) {
	c.Hash = hash
	found, err = engine.Found(s.Read(ctx, func(v *store.ReadTx) error {
		return v.Row(ctx, "SELECT request, body, decided, COALESCE(answer, '') FROM confirmations WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND expires_at > $4",
			[]any{hash, actor.Workspace, actor.User, s.Now().UnixMilli()}, &c.Request, &c.Body, &c.Decided, &c.Answer)
	}))
	return c, found, err
}

// FinishConfirmation stores the answer of a request that was confirmed and is done. The token
// then only gets this answer, for KeepAnswer.
func FinishConfirmation(tx *store.Tx, hash, answer string) error {
	return tx.Exec("UPDATE confirmations SET answer = $4, expires_at = $5 WHERE hash = $1 AND workspace_id = $2 AND user_id = $3 AND answer IS NULL",
		hash, tx.Actor.Workspace, tx.Actor.User, answer, tx.Now()+KeepAnswer.Milliseconds())
}
