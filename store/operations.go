package store

import (
	"context"
	"time"

	"crmkit/crm"
	"crmkit/store/changelog"
	"crmkit/store/lastused"
	"crmkit/store/maintenance"
	"crmkit/store/txn"
	"crmkit/store/view"
)

// Stats are numbers about a store at one moment.
type Stats = txn.StoreStats

// Stats returns the numbers of now. It asks the file system, not the database, so
// it answers also while writes hang.
func (s *Store) Stats() Stats {
	cached, db := s.cache.Stats(), s.db.Stats()
	return Stats{Waiting: db.Waiting, Reading: db.Reading, FileBytes: db.FileBytes, LogBytes: db.LogBytes,
		SearchIndexBytes: s.indexes.Bytes(), RecordCacheBytes: cached.Bytes, Hits: cached.Hits, Misses: cached.Misses, Network: db.Network}
}

// Batch is what the writer did in one transaction.
type Batch = txn.Batch

// Watch has see called after every batch, see txn.DB.Watch.
func (s *Store) Watch(see func(Batch)) { s.db.Watch(see) }

// Shared reports whether other processes may write to the database at the same time.
func (s *Store) Shared() bool { return s.opts.Shared() }

// Probe makes a small write and returns when it is on disk. Its error is that of
// any other write, so it says whether writes work.
func (s *Store) Probe(ctx context.Context) error {
	return s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
		// A counter changes a page each time; a purge drops it an hour after the last probe.
		return tx.Exec("INSERT INTO limits (name, n, resets_at) VALUES ('probe', 1, $1) ON CONFLICT (name) DO UPDATE SET n = limits.n + 1, resets_at = $1",
			tx.Now()+time.Hour.Milliseconds())
	})
}

// MarkUsed records that the token of an actor is in use. It is written to the file within a
// minute and when the store closes; lists of tokens show it at once.
func (s *Store) MarkUsed(actor crm.Actor) {
	s.lastUsed.Mark(actor.TokenID, lastused.Use{User: actor.User, At: s.Now().UnixMilli()})
}

// LastUsed returns when a token was last used, given the time in its row.
func (s *Store) LastUsed(tokenID string, saved int64) int64 { return s.lastUsed.Since(tokenID, saved) }

// LastUsed is Store.LastUsed, for a write.
func (tx *Tx) LastUsed(tokenID string, saved int64) int64 {
	return tx.store.lastUsed.Since(tokenID, saved)
}

// FlushLastUsed writes the last uses of tokens to the file now. Uses that cannot be written
// stay in memory.
func (s *Store) FlushLastUsed(ctx context.Context) { s.upkeep.FlushLastUsed(ctx) }

// Trash says which deleted records can be restored.
func (s *Store) Trash() changelog.Trash { return changelog.Trash{Days: s.opts.TrashDays, Now: s.Now()} }

// Purge deletes what is of no use any more. The store does that by itself as well.
func (s *Store) Purge(ctx context.Context) { s.upkeep.Purge(ctx) }

// IdleLimit is how long a token is valid without use.
const IdleLimit = maintenance.IdleLimit

// RefreshLife is how long a refresh token is valid without use of its token.
const RefreshLife = maintenance.RefreshLife

// What a read returns, and a read that several answers share.
type (
	View         = view.View
	ValueCount   = view.ValueCount
	ValueCounts  = view.ValueCounts
	FuzzySupport = view.FuzzySupport
)

// Whether searches find misspelled words.
const (
	FuzzyReady = view.FuzzyReady
	FuzzySoon  = view.FuzzySoon
	FuzzyOff   = view.FuzzyOff
)
