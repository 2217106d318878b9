package txn

import (
	"context"
	"errors"
	"slices"

	"crmkit/crm"
	"crmkit/store/cache"
	"crmkit/store/dryrun"
	"crmkit/store/engine"
)

// Tx is a running write. It carries the actor and one time; everything it does
// is kept together or not at all. It must not be used after its function returns.
type Tx struct {
	Actor crm.Actor

	db         *DB
	writer     *writer
	conn       engine.Conn
	limit      context.Context // ends when the job has taken too long
	job        *job
	ended      error // why nothing more is done in it
	now        int64
	savepoints bool // its parts have savepoints; the job is alone in its transaction
	depth      int  // of the running part, within others
	dirty      bool // a statement ran that may have written
	aborted    bool // a statement failed, after which PostgreSQL runs no other one in the transaction
	partWrote  bool // a part failed after it had written, and its changes are still there
	correcting bool // the caller of the statement at hand corrects the answers that it changes
	recording  bool // changes are noted
	changes    []Change
	group      group // of what it logs
}

// Change is what a write did to a record. Before has no key if the write made the record, and After
// no version if it deleted the record.
type Change struct {
	Before, After crm.Record
	Follows       bool // from the delete of another record
	Merged        bool // it became a part of another record
}

// Now is the time of the write, in Unix milliseconds. It is not before that of the last
// entry in the log of the workspace, once Counters was called.
func (tx *Tx) Now() int64 { return tx.now }

// DryRun is the dry run of which the write is a step; nil if it is in earnest.
func (tx *Tx) DryRun() *dryrun.Run { return tx.job.dryRun }

// DeferReferences lets rows refer to rows that are missing until the transaction ends.
func (tx *Tx) DeferReferences() error { return tx.checked(tx.conn.DeferReferences()) }

// RecordChanges begins to note the changes of records, which Changes returns in their order. What is
// rolled back to a savepoint is not among them.
func (tx *Tx) RecordChanges() { tx.recording, tx.changes = true, nil }

// Changes returns the changes since RecordChanges.
func (tx *Tx) Changes() []Change { return tx.changes }

// NoteChange notes the change of a record, also for the dry run of which the write is a step.
func (tx *Tx) NoteChange(c Change) {
	tx.job.dryRun.Change(c.Before, c.After)
	if tx.recording {
		tx.changes = append(tx.changes, c)
	}
}

// After registers what must happen once the changes are on disk, and only then.
func (tx *Tx) After(fn func()) { tx.job.after = append(tx.job.after, fn) }

// EmptyLog has the log of the database emptied after the commit, so that nothing which was overwritten or
// deleted is left in it. done is called with the error if readers do not allow that.
func (tx *Tx) EmptyLog(done func(error)) {
	w := tx.writer
	tx.After(func() { done(w.conn.Checkpoint()) })
}

// CommitWithError returns an error with which the function may end and yet have its changes
// kept: the try that was counted, the code that was made.
func (tx *Tx) CommitWithError(err error) error {
	tx.job.commitErr = err
	return err
}

// MarkChanged notes that records of a workspace change.
func (tx *Tx) MarkChanged(workspace int64) {
	if v := tx.db.cache.Version(workspace); !slices.Contains(tx.job.versions, v) {
		tx.job.versions = append(tx.job.versions, v)
	}
}

// Invalidate notes that what is kept in memory of a record is not as it is any more.
func (tx *Tx) Invalidate(e *crm.Entity, key int64) {
	tx.job.invalidated = append(tx.job.invalidated, cache.RecordKey{Entity: e, Key: key})
}

// NoteRecord gives the caches a record as the transaction leaves it, once that is committed.
func (tx *Tx) NoteRecord(rec crm.Record) {
	tx.job.changedRecords = append(tx.job.changedRecords, rec)
}

// begin notes that a statement is about to run, unless the job is over, and writes what it must see.
func (tx *Tx) begin(text string) error {
	if err := tx.writeCountsFor(text); err != nil {
		return err
	}
	return tx.beginAsStored(text)
}

// beginAsStored is begin for a statement that needs none of the changes that are not written.
func (tx *Tx) beginAsStored(text string) error {
	if err := tx.CheckDeadline(); err != nil {
		return err
	}
	tx.dirty = tx.dirty || !isRead(text)
	is := tx.writer.writesOf(text)
	if !tx.correcting {
		tx.writer.memo.forget(is)
	}
	if is.outside {
		return tx.lockHead(outside)
	}
	return nil
}

// CheckDeadline returns the error of a job that takes too long, or whose client has left.
func (tx *Tx) CheckDeadline() error {
	switch {
	case tx.ended != nil:
	case tx.limit.Err() != nil:
		tx.ended = tx.writer.tooLong()
		tx.job.timeoutErr = tx.ended
	case !tx.job.finished:
		tx.ended = tx.job.ctx.Err()
	}
	return tx.ended
}

// checked returns the error of a statement. In a shared database a statement that met another
// transaction or lost the connection ends the whole transaction, whatever the function makes of the
// error.
func (tx *Tx) checked(err error) error {
	if err == nil || !tx.db.traits.Shared || errors.Is(err, engine.ErrNoRows) {
		return err
	}
	tx.aborted = true
	if tx.db.data.Fault(err) != engine.NoFault {
		tx.writer.cause = err
		tx.ended = errRunAgain
	}
	return err
}

// Exec runs a statement that returns no rows. The engine may run it later, with the next one.
func (tx *Tx) Exec(text string, args ...any) error {
	if err := tx.begin(text); err != nil {
		return err
	}
	return tx.checked(tx.conn.Send(text, args...))
}

// ExecCorrecting is Exec for a statement whose caller itself corrects the answers that it changes, or that
// changes none.
func (tx *Tx) ExecCorrecting(text string, args ...any) error {
	tx.correcting = true
	defer func() { tx.correcting = false }()
	return tx.Exec(text, args...)
}

// Affect runs a statement and returns how many rows it changed.
func (tx *Tx) Affect(text string, args ...any) (int64, error) {
	if err := tx.begin(text); err != nil {
		return 0, err
	}
	changed, err := tx.conn.Exec(text, args...)
	return changed, tx.checked(err)
}

// Row reads one row into dest; found is false if the statement returns no row.
func (tx *Tx) Row(text string, args []any, dest ...any) (found bool, err error) {
	if err := tx.begin(text); err != nil {
		return false, err
	}
	return engine.Found(tx.checked(tx.conn.Row(text, args, dest...)))
}

// execAsStored is Exec, and rowAsStored is Row, for statements that need none of the changes that are
// not written.
func (tx *Tx) execAsStored(text string, args ...any) error {
	if err := tx.beginAsStored(text); err != nil {
		return err
	}
	return tx.checked(tx.conn.Send(text, args...))
}

func (tx *Tx) rowAsStored(text string, args []any, dest ...any) (found bool, err error) {
	if err := tx.beginAsStored(text); err != nil {
		return false, err
	}
	return engine.Found(tx.checked(tx.conn.Row(text, args, dest...)))
}

// Rows reads every row of a statement. It ends when the job has taken too long: the driver
// has a goroutine per statement for that, which is saved where one row is read or written.
func (tx *Tx) Rows(text string, args []any, each func(scan func(...any) error) error) error {
	if err := tx.begin(text); err != nil {
		return err
	}
	err := tx.conn.Rows(tx.limit, text, args, each)
	if err != nil && tx.limit.Err() != nil {
		err = tx.CheckDeadline()
	}
	return tx.checked(err)
}
