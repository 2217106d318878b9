package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"crmkit/crm"
)

// Tx is a running write. It carries the actor and one time; everything it does
// is kept together or not at all. It must not be used after its function returns.
type Tx struct {
	Actor crm.Actor

	store       *Store
	stmts       *statements
	ctx         context.Context
	limit       context.Context // ends when the job has taken too long
	job         *job
	ended       error // why nothing more is done in it
	now         int64
	inSavepoint bool // in a savepoint of its own
	dirty       bool // a statement ran that may have written
	partial     bool // a part failed half done, and its changes are still there

	deleting deleting  // the record that is being deleted
	cause    deleting  // the record with whose delete all else comes
	until    time.Time // when a step of a cascade ends; zero: it is none
	passes   int       // records that followed what they refer to
	group    group     // of what it logs
	uncapped bool      // it deletes or revokes, which no cap on storage refuses
}

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
	if moment := tx.store.counts.version(workspace); !slices.Contains(tx.job.versions, moment) {
		tx.job.versions = append(tx.job.versions, moment)
	}
}

// invalidate notes that what is kept in memory of a record is not as it is any more.
func (tx *Tx) invalidate(e *crm.Entity, key int64) {
	tx.job.invalidated = append(tx.job.invalidated, recordKey{e, key})
}

// prepare returns the prepared statement, about to run.
func (tx *Tx) prepare(text string) (*statement, error) {
	if err := tx.checkDeadline(); err != nil {
		return nil, err
	}
	tx.dirty = tx.dirty || !strings.HasPrefix(text, "SELECT ")
	return tx.stmts.take(tx.ctx, text)
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

// mark runs a statement about savepoints, also when the job is over.
func (tx *Tx) mark(text string) error {
	st, err := tx.stmts.take(tx.ctx, text)
	if err != nil {
		return err
	}
	defer tx.stmts.release(st)
	_, err = st.ExecContext(tx.ctx)
	return err
}

// Exec runs a statement that returns no rows.
func (tx *Tx) Exec(text string, args ...any) error {
	_, err := tx.Affect(text, args...)
	return err
}

// Affect runs a statement and returns how many rows it changed.
func (tx *Tx) Affect(text string, args ...any) (int64, error) {
	st, err := tx.prepare(text)
	if err != nil {
		return 0, err
	}
	defer tx.stmts.release(st)
	result, err := st.ExecContext(tx.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Row reads one row into dest; found is false when there is none.
func (tx *Tx) Row(text string, args []any, dest ...any) (found bool, err error) {
	st, err := tx.prepare(text)
	if err != nil {
		return false, err
	}
	defer tx.stmts.release(st)
	return Found(st.QueryRowContext(tx.ctx, args...).Scan(dest...))
}

func Found(err error) (found bool, _ error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Rows reads every row of a statement. It ends when the job has taken too long: the driver
// has a goroutine per statement for that, which is saved where one row is read or written.
func (tx *Tx) Rows(text string, args []any, each func(scan func(...any) error) error) error {
	st, err := tx.prepare(text)
	if err != nil {
		return err
	}
	defer tx.stmts.release(st)
	rows, err := st.QueryContext(tx.limit, args...)
	if err = eachRow(rows, err, each); err != nil && tx.limit.Err() != nil {
		err = tx.checkDeadline()
	}
	return err
}

// eachRow calls each for every row, closes the rows and reports any error on the way.
func eachRow(rows *sql.Rows, err error, each func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// record reads a record of the transaction's workspace as it stands.
func (tx *Tx) record(e *crm.Entity, key int64) (crm.Record, bool, error) {
	if err := tx.meetGhost(e, key); err != nil {
		return crm.Record{}, false, err
	}
	t := tx.store.tables[e]
	row := t.newRow()
	found, err := tx.Row(t.fetch, []any{tx.Actor.Workspace, key}, row.dest...)
	if !found || err != nil {
		return crm.Record{}, false, err
	}
	rec, err := row.record()
	return rec, err == nil, tx.store.wrapReadError(err)
}

// ReadTx is a look at what is committed, through one of the reading connections.
type ReadTx struct {
	*readConn
	veil *veil // through which it reads records; nil: all are as their tables have them
}

// Read gives fn a look at what is committed. Single statements need no
// snapshot; use snapshot where several must agree. A caller that reads records holds a
// turn; without one view takes a connection for account reads, which must be short.
func (s *Store) Read(ctx context.Context, fn func(*ReadTx) error) error {
	readers := s.accounts
	if ctx.Value(turnKey{}) != nil {
		readers = s.readers
	}
	if s.gate != nil {
		s.gate.RLock()
		defer s.gate.RUnlock()
	}
	select {
	case <-s.stop:
		return stopped()
	case <-ctx.Done():
		return ctx.Err()
	case r := <-readers:
		defer func() { readers <- r }()
		return s.wrapReadError(fn(&ReadTx{readConn: r}))
	}
}

// Snapshot gives fn a look in which all statements see the same moment.
func (s *Store) Snapshot(ctx context.Context, fn func(*ReadTx) error) error {
	return s.Read(ctx, func(v *ReadTx) (err error) {
		unending := context.WithoutCancel(ctx)
		if _, err := v.conn.ExecContext(unending, "BEGIN"); err != nil {
			return err
		}
		defer func() { // also where fn panics: the connection serves on
			_, end := v.conn.ExecContext(unending, "ROLLBACK")
			err = errors.Join(err, end)
		}()
		return fn(v)
	})
}

// Row reads one row by its key; a missing row is sql.ErrNoRows. Such a row is read sooner
// than a cancellation would reach it, and a context that cannot end spares the driver and
// database/sql a goroutine each: 25 us became 20. What reads more rows than it returns
// goes through rowUntil.
func (v *ReadTx) Row(ctx context.Context, text string, args []any, dest ...any) error {
	ctx = context.WithoutCancel(ctx)
	st, err := v.stmts.take(ctx, v.veil.over(text))
	if err != nil {
		return err
	}
	defer v.stmts.release(st)
	return st.QueryRowContext(ctx, args...).Scan(dest...)
}

// RowUntil reads one row that may take long to find, like a count. It stops with the
// context's error when the context ends.
func (v *ReadTx) RowUntil(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := v.Rows(ctx, text, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// Rows hands each row to each. The driver hears of a cancellation only while it looks for
// the first row, so a statement that may take long finds all its rows before it returns
// one: it counts, sorts, or reads from a materialized list.
func (v *ReadTx) Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	st, err := v.stmts.take(context.WithoutCancel(ctx), v.veil.over(text))
	if err != nil {
		return err
	}
	defer v.stmts.release(st)
	rows, err := st.QueryContext(ctx, args...)
	return eachRow(rows, err, each)
}
