// Package answers stores the answers of requests that must not be done twice. It decides nothing:
// package web knows which requests are the same.
package answers

import (
	"crmkit/store/maintenance"
	"crmkit/store/table"
	"crmkit/store/txn"
)

// Stored are the answers of a transaction's user.
type Stored struct{ tx *txn.Tx }

// In returns the answers of a transaction's user.
func In(tx *txn.Tx) Stored { return Stored{tx} }

// IdempotentResponse is the stored response to a request with an Idempotency-Key: sending the
// request again returns it and does nothing.
type IdempotentResponse struct {
	Hash    string // of the key
	Request string // hash of what was asked
	Status  int
	Version int64  // of the record in it; 0: none
	Text    string // the two spellings
	JSON    string

	Uncapped bool // no cap on storage refuses it
}

// IdempotentResponse returns the response that is stored for the actor under the hash of a key
// and has not expired.
func (s Stored) IdempotentResponse(hash string) (a IdempotentResponse, found bool, err error) {
	found, err = s.tx.Row("SELECT hash, request, status, version, text, json FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 AND kept_at > $4",
		[]any{s.tx.Actor.Workspace, s.tx.Actor.User, hash, s.tx.Now() - maintenance.IdempotencyTTL.Milliseconds()}, &a.Hash, &a.Request, &a.Status, &a.Version, &a.Text, &a.JSON)
	return a, found, err
}

// SaveIdempotentResponse stores a response in the transaction of the change it reports.
func (s Stored) SaveIdempotentResponse(a IdempotentResponse) error {
	var old int64 // bytes of an answer that was kept too long
	_, err := s.tx.Row("DELETE FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 RETURNING "+maintenance.AnswerBytes, []any{s.tx.Actor.Workspace, s.tx.Actor.User, a.Hash}, &old)
	if err != nil {
		return err
	}
	grow := s.tx.GrowStorage
	if a.Uncapped {
		grow = s.tx.AddBytes
	}
	if err := grow(int64(table.Bytes(a.Hash, a.Request, a.Text, a.JSON)) - old); err != nil {
		return err
	}
	return s.tx.Exec("INSERT INTO kept_answers (workspace_id, user_id, hash, request, status, version, text, json, kept_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		s.tx.Actor.Workspace, s.tx.Actor.User, a.Hash, a.Request, a.Status, a.Version, a.Text, a.JSON, s.tx.Now())
}

// DeleteIdempotentResponses deletes the responses stored for the actor's user, in every
// workspace.
func (s Stored) DeleteIdempotentResponses() error {
	return s.tx.ReleaseBytes("DELETE FROM kept_answers WHERE user_id = $1 RETURNING workspace_id, "+maintenance.AnswerBytes, s.tx.Actor.User)
}
