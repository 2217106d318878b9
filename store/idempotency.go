package store

import (
	"crmkit/crm"
	"crmkit/store/dryrun"
	"crmkit/store/maintenance"
	"crmkit/store/table"
)

// IdempotentResponse is the stored response to a request with an Idempotency-Key: sending the
// request again returns it and does nothing.
type IdempotentResponse struct {
	Hash    string // of the key
	Request string // hash of what was asked
	Status  int
	Version int64  // of the record in it; 0: none
	Text    string // the two spellings
	JSON    string
}

// IdempotentResponse returns the response that is stored for the actor under the hash of a key
// and has not expired.
func (tx *Tx) IdempotentResponse(hash string) (a IdempotentResponse, found bool, err error) {
	found, err = tx.Row("SELECT hash, request, status, version, text, json FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 AND kept_at > $4",
		[]any{tx.Actor.Workspace, tx.Actor.User, hash, tx.Now() - maintenance.IdempotencyTTL.Milliseconds()}, &a.Hash, &a.Request, &a.Status, &a.Version, &a.Text, &a.JSON)
	return a, found, err
}

// SaveIdempotentResponse stores a response in the transaction of the change it reports.
func (tx *Tx) SaveIdempotentResponse(a IdempotentResponse) error {
	var old int64 // bytes of an answer that was kept too long
	_, err := tx.Row("DELETE FROM kept_answers WHERE workspace_id = $1 AND user_id = $2 AND hash = $3 RETURNING "+maintenance.AnswerBytes, []any{tx.Actor.Workspace, tx.Actor.User, a.Hash}, &old)
	if err != nil {
		return err
	}
	grow := tx.GrowStorage
	if tx.uncapped {
		grow = tx.AddBytes
	}
	if err := grow(int64(table.Bytes(a.Hash, a.Request, a.Text, a.JSON)) - old); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO kept_answers (workspace_id, user_id, hash, request, status, version, text, json, kept_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		tx.Actor.Workspace, tx.Actor.User, a.Hash, a.Request, a.Status, a.Version, a.Text, a.JSON, tx.Now())
}

// DeleteIdempotentResponses deletes the responses stored for the actor's user, in every
// workspace.
func (tx *Tx) DeleteIdempotentResponses() error {
	return tx.ReleaseBytes("DELETE FROM kept_answers WHERE user_id = $1 RETURNING workspace_id, "+maintenance.AnswerBytes, tx.Actor.User)
}

// ImportMapping returns the key of the record that was imported under the id, 0 if there is
// none. The record may have been deleted since.
func (tx *Tx) ImportMapping(source string, e *crm.Entity, id string) (key int64, err error) {
	if key = tx.DryRun().Imported(dryrun.Import{Source: source, Entity: e, ID: id}); key != 0 {
		return key, nil
	}
	_, err = tx.Row("SELECT record FROM imported WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4",
		[]any{tx.Actor.Workspace, source, e.Name, id}, &key)
	return key, err
}

// ImportedAnywhere returns the keys of records, at most two, that were imported under the id from
// sources that begin with a prefix. It looks at no more than maxSources of them.
func (tx *Tx) ImportedAnywhere(prefix string, e *crm.Entity, id string) (keys []int64, err error) {
	err = tx.Rows(`WITH RECURSIVE sources (name, n) AS (
			SELECT min(source), 1 FROM imported WHERE workspace_id = $1 AND source >= $2 AND source < $3
			UNION ALL SELECT (SELECT min(i.source) FROM imported i WHERE i.workspace_id = $1 AND i.source > sources.name AND i.source < $3), n + 1
			FROM sources WHERE name IS NOT NULL AND n < $6)
		SELECT DISTINCT i.record FROM sources CROSS JOIN imported i WHERE i.workspace_id = $1 AND i.source = sources.name AND i.kind = $4 AND i.id = $5 LIMIT 2`,
		[]any{tx.Actor.Workspace, prefix, prefix + "\U0010ffff", e.Name, id, maxSources}, func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
	return keys, err
}

// maxSources is how many sources of a workspace one lookup of an id reads. Each is one step in
// the index.
const maxSources = 500

// SaveImportMapping stores which record an imported id became.
func (tx *Tx) SaveImportMapping(source string, e *crm.Entity, id string, key int64) error {
	tx.DryRun().NoteImport(dryrun.Import{Source: source, Entity: e, ID: id}, key)
	args := []any{tx.Actor.Workspace, source, e.Name, id, key}
	n, err := tx.Affect("INSERT INTO imported (workspace_id, source, kind, id, record) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (workspace_id, source, kind, id) DO NOTHING", args...)
	switch {
	case err != nil:
		return err
	case n > 0:
		return tx.GrowStorage(int64(table.Bytes(source, e.Name, id)))
	}
	return tx.Exec("UPDATE imported SET record = $5 WHERE workspace_id = $1 AND source = $2 AND kind = $3 AND id = $4", args...)
}
