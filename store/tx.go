package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/catalog"
	"crmkit/store/cache"
	"crmkit/store/snapshot"
	"crmkit/store/sqlite"
)

// Tx is a running write. It carries the actor and one time; everything it does
// is kept together or not at all. It must not be used after its function returns.
type Tx struct {
	Actor crm.Actor

	NewUserPlan string // of users that the transaction makes; empty: Options.Plan

	store      *Store
	conn       *sqlite.Conn
	ctx        context.Context
	limit      context.Context // ends when the job has taken too long
	job        *job
	ended      error // why nothing more is done in it
	now        int64
	savepoints bool // its parts have savepoints; the job is alone in its transaction
	dirty      bool // a statement ran that may have written
	partWrote  bool // a part failed after it had written, and its changes are still there

	deleting       deleting  // the record that is being deleted
	cause          deleting  // the record with whose delete all else comes
	until          time.Time // when a step of a cascade ends; zero: it is none
	inheritedCount int       // records that followed what they refer to
	group          group     // of what it logs
	uncapped       bool      // it deletes or revokes, which no cap on storage refuses
}

// Now is the time of the write, in Unix milliseconds. It is not before that of the last
// entry in the log of the workspace.
func (tx *Tx) Now() int64 { return tx.now }

// Schema is the schema of the store.
func (tx *Tx) Schema() *crm.Schema { return tx.store.Schema }

// RandomID returns a new random id with the prefix.
func (tx *Tx) RandomID(prefix string) (string, error) {
	return crm.RandomID(prefix, tx.store.random)
}

// Plans are the plans that the server of the file knows.
func (tx *Tx) Plans() catalog.Plans { return tx.store.opts.Plans }

// DefaultPlan is the plan of a new user.
func (tx *Tx) DefaultPlan() string { return cmp.Or(tx.NewUserPlan, tx.store.opts.Plan) }

// After registers what must happen once the changes are on disk, and only then.
func (tx *Tx) After(fn func()) { tx.job.after = append(tx.job.after, fn) }

// CommitWithError returns an error with which the function may end and yet have its changes
// kept: the try that was counted, the code that was made.
func (tx *Tx) CommitWithError(err error) error {
	tx.job.commitErr = err
	return err
}

// markChanged notes that records of a workspace change.
func (tx *Tx) markChanged(workspace int64) {
	if v := tx.store.cache.Version(workspace); !slices.Contains(tx.job.versions, v) {
		tx.job.versions = append(tx.job.versions, v)
	}
}

// invalidate notes that what is kept in memory of a record is not as it is any more.
func (tx *Tx) invalidate(e *crm.Entity, key int64) {
	tx.job.invalidated = append(tx.job.invalidated, cache.RecordKey{Entity: e, Key: key})
}

// begin notes that a statement is about to run, unless the job is over.
func (tx *Tx) begin(text string) error {
	if err := tx.checkDeadline(); err != nil {
		return err
	}
	tx.dirty = tx.dirty || !strings.HasPrefix(text, "SELECT ")
	return nil
}

// checkDeadline returns the error of a job that takes too long, or whose client has left.
func (tx *Tx) checkDeadline() error {
	switch {
	case tx.ended != nil:
	case tx.limit.Err() != nil:
		tx.ended = tx.store.writer.tooLong()
		tx.job.timeoutErr = tx.ended
	case !tx.job.finished:
		tx.ended = tx.job.ctx.Err()
	}
	return tx.ended
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(text string, args ...any) error {
	_, err := tx.Affect(text, args...)
	return err
}

// Affect runs a statement and returns how many rows it changed.
func (tx *Tx) Affect(text string, args ...any) (int64, error) {
	if err := tx.begin(text); err != nil {
		return 0, err
	}
	return tx.conn.Exec(text, args...)
}

// Row reads one row into dest; found is false when there is none.
func (tx *Tx) Row(text string, args []any, dest ...any) (found bool, err error) {
	if err := tx.begin(text); err != nil {
		return false, err
	}
	return sqlite.Found(tx.conn.Row(text, args, dest...))
}

// Rows reads every row of a statement. It ends when the job has taken too long: the driver
// has a goroutine per statement for that, which is saved where one row is read or written.
func (tx *Tx) Rows(text string, args []any, each func(scan func(...any) error) error) error {
	if err := tx.begin(text); err != nil {
		return err
	}
	err := tx.conn.Rows(tx.limit, text, args, each)
	if err != nil && tx.limit.Err() != nil {
		err = tx.checkDeadline()
	}
	return err
}

// record reads a record of the transaction's workspace as it stands.
func (tx *Tx) record(e *crm.Entity, key int64) (crm.Record, bool, error) {
	if err := tx.job.dryRun.Restore(e, key); err != nil {
		return crm.Record{}, false, err
	}
	t := tx.store.mappings[e]
	row := t.NewRow()
	found, err := tx.Row(t.Fetch, []any{tx.Actor.Workspace, key}, row.Dest...)
	if !found || err != nil {
		return crm.Record{}, false, err
	}
	rec, err := row.Record()
	return rec, err == nil, tx.store.wrapReadError(err)
}

// ReadTx is a read of what is committed.
type ReadTx = snapshot.Tx

// Read runs fn with a connection for reading. Single statements need no snapshot; use Snapshot
// if several must agree. A caller that reads records has a turn. One without uses a connection
// for account reads, which must be short.
func (s *Store) Read(ctx context.Context, fn func(*ReadTx) error) error {
	conn, free, err := s.reader(ctx)
	if err != nil {
		return err
	}
	defer free()
	return s.wrapReadError(fn(snapshot.New(conn)))
}

// reader returns a connection to read with, which the caller gives back by calling free once.
// In a store in memory the writer waits for that.
func (s *Store) reader(ctx context.Context) (conn *sqlite.Conn, free func(), err error) {
	readers := s.accounts
	if ctx.Value(turnKey{}) != nil {
		readers = s.readers
	}
	if s.gate != nil {
		s.gate.RLock()
		defer func() {
			if err != nil {
				s.gate.RUnlock()
			}
		}()
	}
	select {
	case <-s.stop:
		return nil, nil, stopped()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case conn = <-readers:
	}
	return conn, func() {
		readers <- conn
		if s.gate != nil {
			s.gate.RUnlock()
		}
	}, nil
}

// Snapshot runs fn with a connection on which all statements see the same commit.
func (s *Store) Snapshot(ctx context.Context, fn func(*ReadTx) error) error {
	return s.Read(ctx, func(v *ReadTx) error {
		return v.Freeze(func() error { return fn(v) })
	})
}
