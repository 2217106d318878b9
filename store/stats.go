package store

import (
	"context"
	"time"

	"crmkit/crm"
)

// Stats are numbers about a store at one moment.
type Stats struct {
	Waiting          int   // writes that wait for the writer
	Reading          int   // reads that wait for their turn
	FileBytes        int64 // size of the file, without its log; 0 in memory
	LogBytes         int64 // size of the write-ahead log; 0 in memory
	SearchIndexBytes int64 // bytes of memory that the text for searches takes, about
	RecordCacheBytes int64 // bytes of memory that the records read lately take, about
	Hits             int64 // records that were read there, so far
	Misses           int64 // and those that were read from the file
}

// Stats returns the numbers of now. It asks the file system, not the database, so
// it answers also while writes hang.
func (s *Store) Stats() Stats {
	cached := s.cache.Stats()
	stats := Stats{Waiting: s.writer.jobs.Waiting(), Reading: s.turns.Waiting(), SearchIndexBytes: s.indexes.Bytes(), RecordCacheBytes: cached.Bytes, Hits: cached.Hits, Misses: cached.Misses}
	stats.FileBytes, stats.LogBytes = s.db.Sizes()
	return stats
}

// Batch is what the writer did in one transaction.
type Batch struct {
	Writes int           // committed together, those that failed by themselves included
	Commit time.Duration // of COMMIT alone, which waits for the disk; 0 where it was not reached
	Failed bool          // the transaction failed as a whole
	Pages  int           // that its statements read: of the file and of its cache
}

// Watch has see called after every batch, before its writes are answered. It is
// called by the writer, so it must return at once and not write. A later Watch
// takes the place of an earlier one.
func (s *Store) Watch(see func(Batch)) { s.watch.Store(&see) }

func (s *Store) seen(b Batch) {
	if see := s.watch.Load(); see != nil {
		(*see)(b)
	}
}

// Probe makes a small write and returns when it is on disk. Its error is that of
// any other write, so it says whether writes work.
func (s *Store) Probe(ctx context.Context) error {
	return s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
		// A counter changes a page each time; a purge drops it an hour after the last probe.
		return tx.Exec("INSERT INTO limits (name, n, resets_at) VALUES ('probe', 1, $1) ON CONFLICT (name) DO UPDATE SET n = limits.n + 1, resets_at = $1",
			tx.now+time.Hour.Milliseconds())
	})
}
