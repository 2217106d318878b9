package txn

import (
	"sync/atomic"
	"time"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/engine"
	"crmkit/store/fair"
)

const (
	retryAfter = time.Second // of what was not taken

	maxBatch  = 256                   // writes committed together
	batchTime = 50 * time.Millisecond // after which no further write joins a batch, so that others need not wait for it
	walLimit  = 32 << 20              // bytes of log after which the writer empties it
	walEvery  = 64                    // batches between looks at the log's size

	idleAfter = 10 * time.Second // without a write the log is written into the file
)

// writer commits writes of a database, many at once. One goroutine takes the jobs that wait, runs them in one transaction, and answers them after the commit. The package document
// says why.
type writer struct {
	// Set when it is made.
	db     *DB
	jobs   *fair.Batches[*job]
	tuning *Tuning
	ended  chan struct{} // closed when the writer has returned

	// Of the goroutine that writes.
	conn        engine.Conn // that nobody else uses
	dataVersion int64       // of conn when the caches were last in step with the file
	lost        bool        // the file was not in its place at the last look
	batches     int
	commitTime  time.Duration // of the last COMMIT that was not reported yet
	pages       int           // that conn had read at the last report

	// Of the transaction at hand, and of the same goroutine.
	versions []*cache.Version // that a commit under way ends
	last     int64            // the number of the last commit, as the transaction leaves it
	counters counterSet       // of the workspaces that it writes to
	origins  map[origin]int64 // keys of those used lately
	runs     map[run]int64    // of the actors of this transaction
	cause    error            // of the last errRunAgain; nil: it was for want of a head
	began    time.Time        // the first run of the batch
	memo     memo             // what the batch has read
	heads    heads            // that are locked in a shared database

	statements map[string]writes // what statements change, of those run lately

	committing int64        // the number of the commit under way; 0: no commit is under way
	known      atomic.Int64 // the last commit that the caches have; read by any goroutine
}

func newWriter(d *DB, conn engine.Conn) (*writer, error) {
	w := &writer{db: d, conn: conn, jobs: newJobs(), tuning: d.opts.Tuning, ended: make(chan struct{}), counters: newCounterSet(), origins: map[origin]int64{}, runs: map[run]int64{}}
	if d.traits.Shared {
		return w, nil
	}
	version, err := w.conn.Version()
	if err != nil {
		return nil, err
	}
	w.dataVersion = version
	var last int64
	if _, err := engine.Found(w.conn.Row(LastCommit, nil, &last)); err != nil {
		return nil, err
	}
	w.known.Store(last)
	return w, nil
}

// run serves writes until the store closes, then those that still wait.
func (w *writer) run() {
	defer close(w.ended)
	idle := time.NewTimer(w.db.opts.Idle)
	defer idle.Stop()
	for {
		select {
		case <-w.jobs.Ready():
			w.serve()
			idle.Reset(w.db.opts.Idle)
		case <-idle.C:
			if !w.checkpointIdle() {
				idle.Reset(w.db.opts.Idle)
			}
		case <-w.db.stop:
			w.jobs.Close()
			for w.jobs.Waiting() > 0 {
				w.serve()
			}
			return
		}
	}
}

// serve commits one batch of what waits.
func (w *writer) serve() {
	batch := w.jobs.Take(maxBatch, func(j *job) bool { return j.dryRun != nil })
	if len(batch) == 0 {
		return // its clients have gone, or it waits for others
	}
	for _, j := range batch {
		j.took, j.left = 0, false
	}
	w.commit(batch)
	done, rest := split(batch, func(j *job) bool { return j.answered })
	w.jobs.Done(done, rest, func(j *job) time.Duration { return j.took })
}

// commit runs the jobs of a batch for which there is time and whose heads can be had, and answers
// each. The others are not answered.
func (w *writer) commit(batch []*job) {
	if gate := w.db.gate; gate != nil {
		gate.Lock()
		defer gate.Unlock()
	}
	err := w.checkFile()
	if err == nil && batch[0].dryRun == nil {
		w.commitApart(batch)
		return
	}
	if err == nil {
		batch, err = w.runDryRun(batch[0])
	}
	w.finish(batch, err)
}

// finish ends a transaction: it reports it, brings memory in step, and answers the jobs.
// The error is that of the transaction as a whole; each job's own is in the job.
func (w *writer) finish(batch []*job, err error) {
	if len(batch) == 0 {
		return
	}
	pages := w.conn.PagesRead()
	seen := Batch{Writes: len(batch), Commit: w.commitTime, Failed: err != nil, Pages: pages - w.pages}
	w.pages, w.commitTime = pages, 0
	w.db.withRecover(func() { w.db.seen(seen) })
	if batch[0].dryRun == nil {
		w.updateCaches(batch, err)
		w.db.withRecover(w.announce)
	}
	for _, j := range batch {
		if err != nil { // also where a job failed by itself: it may have met rows that are gone now
			j.err, j.commitErr = err, nil
		}
		if j.err == nil || j.commitsError() {
			for _, after := range j.after {
				w.db.withRecover(after)
			}
		}
		j.answered = true
		close(j.done)
	}
	w.checkpointIfLarge()
}

// announce names the workspaces whose logs the transaction has continued. After an error it may have been
// committed all the same.
func (w *writer) announce() {
	if w.db.opts.Logged == nil {
		return
	}
	for workspace, is := range w.counters.is {
		if is.Last != w.counters.was[workspace].Last {
			w.db.opts.Logged(workspace)
		}
	}
}

// checkFile returns an error where the file is not in its place any more. What is written
// into a file without a name is gone with the process.
func (w *writer) checkFile() error {
	err := w.db.data.CheckPlace()
	if err == nil {
		w.lost = false
		return nil
	}
	if !w.lost {
		w.db.opts.Log.Error("nothing is saved until the database is back in its place", "error", err)
	}
	w.lost = true
	return &crm.Error{Code: crm.NotReady, RetryAfter: time.Minute,
		Hint: "the server's database file was removed, moved or replaced while it runs, so nothing can be saved, and this was not. The operator must stop it, put the file back, and start it."}
}

// checkpointIfLarge empties the write-ahead log when it has grown: SQLite's own passive
// checkpoints give way to readers and would let it grow without bound.
func (w *writer) checkpointIfLarge() {
	if w.batches++; w.batches%walEvery != 0 {
		return
	}
	_, size := w.db.data.Sizes()
	if size <= walLimit {
		return
	}
	if err := w.conn.Checkpoint(); err != nil {
		w.db.opts.Log.Warn("the log was not emptied", "error", err, "wal_bytes", size)
	}
}

// checkpointIdle writes the log into the file, so that a copy of the file alone has everything;
// false: a reader still needs the log.
func (w *writer) checkpointIdle() bool {
	if _, size := w.db.data.Sizes(); size == 0 {
		return true
	}
	err := w.conn.Checkpoint()
	if err != nil {
		w.db.opts.Log.Warn("the log was not written into the file", "error", err)
	}
	return err == nil
}
