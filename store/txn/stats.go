package txn

import (
	"time"

	"crmkit/store/engine"
)

// Stats are numbers about a database at one moment.
type Stats struct {
	Waiting   int      // writes that wait for the writer
	Reading   int      // reads that wait for their turn
	FileBytes int64    // size of the file, without its log; 0 in memory
	LogBytes  int64    // size of the write-ahead log; 0 in memory
	Network   *Network // nil: the database is in this process
}

// Network are numbers about the way to a database that is reached over a network.
type Network struct {
	RoundTrips int64 // how often a connection has waited for the server so far
	Connects   int64 // connections that were opened so far
}

// Stats returns the numbers of now. It asks the file system, not the database, so
// it answers also while writes hang.
func (d *DB) Stats() Stats {
	stats := Stats{Reading: d.turns.Waiting()}
	for _, w := range d.writers {
		stats.Waiting += w.jobs.Waiting()
	}
	stats.FileBytes, stats.LogBytes = d.data.Sizes()
	if remote, is := d.data.(engine.Remote); is {
		stats.Network = &Network{RoundTrips: remote.RoundTrips(), Connects: remote.Connects()}
	}
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
func (d *DB) Watch(see func(Batch)) { d.watch.Store(&see) }

func (d *DB) seen(b Batch) {
	if see := d.watch.Load(); see != nil {
		(*see)(b)
	}
}

// StoreStats are numbers about a store at one moment.
type StoreStats struct {
	Waiting          int      // writes that wait for the writer
	Reading          int      // reads that wait for their turn
	FileBytes        int64    // size of the file, without its log; 0 in memory
	LogBytes         int64    // size of the write-ahead log; 0 in memory
	SearchIndexBytes int64    // bytes of memory that the text for searches takes, about
	RecordCacheBytes int64    // bytes of memory that the records read lately take, about
	Hits             int64    // records that were read there, so far
	Misses           int64    // and those that were read from the file
	Network          *Network // of a PostgreSQL database, which has none of the numbers above but the first two; else nil
}
