package store

import (
	"time"

	"crmkit/crm"
)

// IdempotencyTTL is how long the answer to a request with a key is kept.
const IdempotencyTTL = 24 * time.Hour

// IdempotentResponse is the answer to a request that the client gave a key, so that it may
// send the request again and have it done once.
type IdempotentResponse struct {
	Hash    string // of the key
	Request string // hash of what was asked
	Status  int
	Version int64  // of the record in it; 0: none
	Text    string // the two spellings
	JSON    string
}

// IdempotentResponse returns the answer that was kept for the actor under the hash of a
// key, unless it is too old.
func (tx *Tx) IdempotentResponse(hash string) (a IdempotentResponse, found bool, err error) {
	found, err = tx.Row("SELECT hash, request, status, version, text, json FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 AND kept_at > $4",
		[]any{tx.Actor.Workspace, tx.Actor.User, hash, tx.now - IdempotencyTTL.Milliseconds()}, &a.Hash, &a.Request, &a.Status, &a.Version, &a.Text, &a.JSON)
	return a, found, err
}

// SaveIdempotentResponse keeps an answer with the changes of the transaction, and as long as
// KeptFor.
func (tx *Tx) SaveIdempotentResponse(a IdempotentResponse) error {
	var old int64 // bytes of an answer that was kept too long
	_, err := tx.Row("DELETE FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 RETURNING "+answerBytes, []any{tx.Actor.Workspace, tx.Actor.User, a.Hash}, &old)
	if err != nil {
		return err
	}
	grow := tx.GrowStorage
	if tx.uncapped {
		grow = tx.addBytes
	}
	if err := grow(int64(byteCount(a.Hash, a.Request, a.Text, a.JSON)) - old); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO kept_answers (workspace_id, user_id, hash, request, status, version, text, json, kept_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		tx.Actor.Workspace, tx.Actor.User, a.Hash, a.Request, a.Status, a.Version, a.Text, a.JSON, tx.now)
}

// DeleteIdempotentResponses deletes the answers that are kept for the actor's user, in every
// workspace.
func (tx *Tx) DeleteIdempotentResponses() error {
	return tx.releaseBytes("DELETE FROM kept_answers WHERE user_id = $1 RETURNING workspace_id, "+answerBytes, tx.Actor.User)
}

// answerBytes is the SQL of how much storage a kept answer takes.
const answerBytes = "OCTET_LENGTH(hash) + OCTET_LENGTH(request) + OCTET_LENGTH(text) + OCTET_LENGTH(json)"

// releaseBytes runs a statement that deletes rows and returns the workspace and the bytes of
// each, and counts those off.
func (tx *Tx) releaseBytes(text string, args ...any) error {
	freed := map[int64]int64{}
	err := tx.Rows(text, args, func(scan func(...any) error) error {
		var workspace, bytes int64
		err := scan(&workspace, &bytes)
		freed[workspace] += bytes
		return err
	})
	actor := tx.Actor
	defer func() { tx.Actor = actor }()
	for workspace, bytes := range freed {
		if err == nil {
			tx.Actor.Workspace = workspace
			err = tx.addBytes(-bytes)
		}
	}
	return err
}

// ImportMapping returns the key of the record that an imported one with the id became;
// 0 when there is none. The record may have been deleted since.
func (tx *Tx) ImportMapping(source string, e *crm.Entity, id string) (key int64, err error) {
	if key = tx.job.dryRun.imported(importNote{source, e, id}); key != 0 {
		return key, nil
	}
	_, err = tx.Row("SELECT record FROM imported WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4",
		[]any{tx.Actor.Workspace, source, e.Name, id}, &key)
	return key, err
}

// SaveImportMapping remembers which record an imported one became.
func (tx *Tx) SaveImportMapping(source string, e *crm.Entity, id string, key int64) error {
	tx.job.dryRun.note(importNote{source, e, id}, key)
	args := []any{tx.Actor.Workspace, source, e.Name, id, key}
	n, err := tx.Affect("UPDATE imported SET record = $5 WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4", args...)
	if n > 0 || err != nil {
		return err
	}
	if err := tx.GrowStorage(int64(byteCount(source, e.Name, id))); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO imported (workspace_id, source, kind, id, record) VALUES ($1, $2, $3, $4, $5)", args...)
}
