package maintenance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/txn"
)

// IdleLimit is how long a token is valid without use.
const IdleLimit = 30 * 24 * time.Hour

// RefreshLife is how long a refresh token is valid without use of its token.
const RefreshLife = 90 * 24 * time.Hour

// IdempotencyTTL is how long the response to a request with an Idempotency-Key is stored.
const IdempotencyTTL = 24 * time.Hour

// AnswerBytes is SQL for the storage that a stored response takes.
const AnswerBytes = "OCTET_LENGTH(hash) + OCTET_LENGTH(request) + OCTET_LENGTH(text) + OCTET_LENGTH(json)"

// keepGrants is how long the use of an authorization code is remembered, to notice if it is
// used again.
const keepGrants = time.Hour

// How long OAuth clients are kept. A client that is in use stays: other people may share the
// registration, and it cannot be renewed.
const (
	unusedClientLife = 48 * time.Hour
	clientRest       = 400 * 24 * time.Hour // without any token
)

// orphanLogRetention is how long log entries of no workspace are kept: failed sign-ins of
// strangers, deleted workspaces.
const orphanLogRetention = 90 * 24 * time.Hour

// ReservedFor is how long a reservation lasts that nobody releases: longer than any request
// takes.
const ReservedFor = 24 * time.Hour

// expiring describes rows that are of no use any more: those of a table that match a condition
// on a time $1, which is age ago.
type expiring struct {
	table string
	key   []string // what names one
	where string
	age   time.Duration
	bytes string // SQL of how much storage of its workspace a row takes; empty: none
}

// expiringTables lists them. Idle tokens are kept for a while, so that their owner learns that
// they expired. A used refresh token is kept for as long as it could have been valid, so that
// its theft is noticed.
func expiringTables() []expiring {
	hash := []string{"hash"}
	return []expiring{
		{"tokens", []string{"key"}, "last_used_at < $1", 3 * IdleLimit, ""},
		{"limits", []string{"name"}, "resets_at < $1", 0, ""},
		{"confirmations", hash, "expires_at < $1 AND runs_until < $1", 0, ""},
		{"codes", []string{"purpose", "email"}, "expires_at < $1", 0, ""},
		{"kept_answers", []string{"workspace_id", "user_id", "hash"}, "kept_at <= $1", IdempotencyTTL, AnswerBytes},
		{"kept_files", []string{"workspace_id", "hash"}, "expires_at < $1", 0, "bytes"},
		{"kept_parts", []string{"workspace_id", "hash", "part"}, "expires_at < $1", 0, ""},
		{"reservations", []string{"id"}, "made_at < $1", ReservedFor, "bytes"}, // of a process that was killed
		{"oauth_requests", hash, "expires_at < $1", 0, ""},
		{"oauth_grants", hash, "expires_at < $1", keepGrants, ""},
		{"secrets", hash, "dies_at < $1", 0, ""},
		{"secrets", hash, "used_at < $1", RefreshLife, ""},
		{"oauth_clients", []string{"id"}, "used_at IS NULL AND created_at < $1", unusedClientLife, ""},
		{"oauth_clients", []string{"id"}, "used_at < $1 AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.client = oauth_clients.id)", clientRest, ""},
		{"log", []string{"key"}, "workspace_id = 0 AND at < $1 AND key < (SELECT last FROM usage WHERE workspace_id = 0 AND kind = '" + catalog.Storage + "')", orphanLogRetention, EntryBytes},
	}
}

// PurgeStep is how many rows one transaction deletes.
const PurgeStep = 500

// Purge deletes what is of no use any more; Run does that by itself as well. It searches
// outside the writer, and each delete checks its row again.
func (w *Worker) Purge(ctx context.Context) {
	for _, of := range expiringTables() {
		for n := PurgeStep; n == PurgeStep; {
			var err error
			if n, err = w.purge(ctx, of); err != nil {
				w.opts.Log.Warn("not all was purged", "table", of.table, "error", err)
			}
		}
	}
	if err := w.opts.DB.Tidy(ctx); err != nil {
		w.opts.Log.Warn("the ids of old transactions were not deleted", "error", err)
	}
	if err := w.emptyTrash(ctx); err != nil {
		w.opts.Log.Warn("the trash was not emptied", "error", err)
	}
	if err := w.trimLogs(ctx); err != nil {
		w.opts.Log.Warn("the log was not trimmed", "error", err)
	}
}

// purge deletes some expired rows of a table, and returns how many it found.
func (w *Worker) purge(ctx context.Context, of expiring) (n int, err error) {
	moment := w.opts.DB.Now().Add(-of.age).UnixMilli()
	var rows [][]any
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s LIMIT %d", strings.Join(of.key, ", "), of.table, of.where, PurgeStep)
	err = w.opts.DB.Read(ctx, func(v *txn.ReadTx) error {
		return v.Rows(ctx, text, []any{moment}, func(scan func(...any) error) error {
			row, dest := make([]any, len(of.key)), make([]any, len(of.key))
			for i := range row {
				dest[i] = &row[i]
			}
			rows = append(rows, row)
			return scan(dest...)
		})
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	text = fmt.Sprintf("DELETE FROM %s WHERE %s", of.table, of.where)
	for i, column := range of.key {
		text += fmt.Sprintf(" AND %s = $%d", column, i+2)
	}
	drop := (*txn.Tx).Exec
	if of.bytes != "" {
		text += " RETURNING workspace_id, " + of.bytes
		drop = (*txn.Tx).ReleaseBytes
	}
	atOnce := len(rows)
	if of.bytes != "" && w.opts.DB.Shared() {
		atOnce = 1 // each may be of another workspace, whose head must be locked
	}
	for some := range slices.Chunk(rows, atOnce) {
		err = w.opts.DB.Write(ctx, crm.Actor{}, func(tx *txn.Tx) error {
			for _, row := range some {
				if err := drop(tx, text, append([]any{moment}, row...)...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
