package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A check with every read costs a sixth of a small one. So a session that reads takes an advisory lock
// which others of its kind share, checks once, and is exempt from then on: it reads without asking. Who
// makes the database unusable for programs that use it, by an upgrade or the end of a move, ends
// the sessions with the lock, and takes it alone until its commit. A session that does not get the
// lock asks with each read. So does one behind a pooler, where the lock would be that of another
// client, and a transaction, whose snapshot may be older than the lock.

// readerLock is SQL for the number of the lock, of the crmkit in this schema. readerLockClass is its
// upper half.
const (
	readerLock      = "(CAST(7231 AS BIGINT) << 32) + CAST(CAST(CAST('migrations' AS regclass) AS oid) AS BIGINT)"
	readerLockClass = "7231"
)

// takeReaderLock returns a row if the session has the lock from now on.
const takeReaderLock = "SELECT 1 WHERE pg_try_advisory_lock_shared(" + readerLock + ")"

// readerLockPause is how long a session waits after it did not get the lock, before it tries again.
const readerLockPause = time.Second

// takeLock asks for the lock, at most once in readerLockPause, and checks the schema then.
func (c *Conn) takeLock(ctx context.Context) error {
	if !c.reads || c.exempt || !c.settled || c.begun || time.Since(c.tried) < readerLockPause {
		return nil
	}
	c.tried = time.Now()
	c.db.trips.Add(1)
	check := c.db.needsCheck()
	return c.sendAll(ctx, pipeline{before: []queued{{takeReaderLock, nil}}, asked: check, read: func(rows pgx.Rows) error {
		rows.Close()
		return cmpError(rows.Err(), c.note(ctx, check, rows.CommandTag()))
	}})
}

// readAsking runs a statement outside of a transaction, in one of its own: check and statement
// see the same state of the database, also if the statement waits for the end of an upgrade.
func (c *Conn) readAsking(ctx context.Context, last queued, read func(pgx.Rows) error) error {
	err := c.sendAll(ctx, pipeline{
		before: []queued{{beginRead, nil}, c.db.needsCheck()}, asked: last, read: read, after: []queued{{commitText, nil}}})
	if !c.conn.IsClosed() && c.conn.PgConn().TxStatus() != 'I' { // a statement failed, and COMMIT did not run
		if _, failed := c.conn.Exec(ctx, "ROLLBACK"); failed != nil {
			_ = c.Close()
		}
	}
	return err
}

// note looks at the result of a statement that was sent before others, and returns the error of a program that
// must not use the database.
func (c *Conn) note(ctx context.Context, q queued, result pgconn.CommandTag) error {
	switch {
	case q.text == takeReaderLock:
		c.holds = result.RowsAffected() > 0
	case q.text == checkNeeds && result.RowsAffected() > 0:
		return &callerError{c.db.refusal(ctx)}
	case q.text == checkNeeds:
		c.exempt = c.holds
	}
	return nil
}

// endExempt is SQL that ends the sessions with the lock.
const endExempt = "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()" +
	" AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())" +
	" AND classid = " + readerLockClass + " AND objid = CAST(CAST('migrations' AS regclass) AS oid) AND objsubid = 1"

// How long the lock is waited for, in milliseconds, and how often. A session that was ended may have
// connected again, and have it again.
const (
	readerLockWait  = "250"
	readerLockTries = 40
)

// stopReads ends the sessions that read without asking. From then until the transaction of the connection
// ends, each read asks.
func (c *Conn) stopReads(ctx context.Context) error {
	for range readerLockTries {
		if err := c.Savepoint("readers"); err != nil {
			return err
		}
		if err := c.script(ctx, endExempt+"; SET LOCAL lock_timeout = "+readerLockWait); err != nil {
			return fmt.Errorf("the sessions of servers that read %s cannot be ended; stop these servers first: %w", Name(c.db.opts.Address), err)
		}
		err := c.script(ctx, "SELECT pg_advisory_xact_lock("+readerLock+"); SET LOCAL lock_timeout = "+lockWait)
		if err == nil {
			return c.Release("readers")
		}
		if !isLocked(err) {
			return err
		}
		if err := c.RollbackTo("readers"); err != nil {
			return err
		}
	}
	return fmt.Errorf("servers read %s all the time; stop them first", Name(c.db.opts.Address))
}
