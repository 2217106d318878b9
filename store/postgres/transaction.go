package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"crmkit/store/engine"
)

// The settings of a session, in milliseconds. A transaction whose server stopped in the middle must
// not hold the heads of its workspaces. Compiling a statement (jit) takes longer than any
// statement of the store. A pooler may give its session to others, so behind one each transaction
// sets them for itself.
const (
	sessionSettings     = "SELECT set_config('jit', 'off', FALSE), set_config('statement_timeout', '30000', FALSE), set_config('lock_timeout', '" + lockWait + "', FALSE), set_config('idle_in_transaction_session_timeout', '10000', FALSE)"
	transactionSettings = "SELECT set_config('jit', 'off', TRUE), set_config('statement_timeout', '30000', TRUE), set_config('lock_timeout', '" + lockWait + "', TRUE), set_config('idle_in_transaction_session_timeout', '10000', TRUE)"
)

const (
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	commitText = "COMMIT"
)

// BeginRead implements engine.Conn.
func (c *Conn) BeginRead() error {
	c.begin()
	c.waiting = append(c.waiting, queued{beginRead, nil})
	c.setUp()
	return nil
}

// setUp sets the settings of a transaction, unless the session has them.
func (c *Conn) setUp() {
	if c.conn == nil || !c.settled {
		c.waiting = append(c.waiting, queued{transactionSettings, nil})
	}
}

// begin notes that a transaction begins; the caller adds the statements that begin it.
func (c *Conn) begin() { c.waiting, c.begun, c.sent, c.id = nil, true, false, "" }

// Commit implements engine.Conn.
func (c *Conn) Commit() error {
	if !c.begun || !c.sent && len(c.waiting) == 0 {
		c.end()
		return nil
	}
	ctx, cancel := c.db.limited()
	defer cancel()
	warnings := c.warnings
	err := c.roundTrip(ctx, queued{commitText, nil}, func(rows pgx.Rows) error {
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		if rows.CommandTag().String() != commitText { // the server rolled back, because a statement had failed
			return &callerError{engine.ErrNotCommitted}
		}
		return nil
	})
	id := c.id
	if err != nil && !outcomeOpen(err) {
		_ = c.Rollback() // after an error the server waits for it
		return errors.Join(engine.ErrNotCommitted, err)
	}
	c.end()
	if err == nil && c.warnings == warnings {
		return nil
	}
	if id == "" {
		return err
	}
	return c.resolve(id, err)
}

// outcomeOpen reports whether a transaction may have been committed although COMMIT failed: the
// connection was lost, or the server ended it. Any other error of the server is one of a statement
// before COMMIT, or of a constraint that COMMIT checks, and rolls back.
func outcomeOpen(err error) bool {
	return !errors.Is(err, engine.ErrNotCommitted) && broke(err)
}

// end forgets the transaction.
func (c *Conn) end() { c.waiting, c.begun, c.sent, c.id = nil, false, false, "" }

// How long and how often the outcome of a commit is asked for.
const (
	resolveTime  = 20 * time.Second
	resolvePause = 200 * time.Millisecond
)

// resolve finds out whether a transaction was committed whose COMMIT was not answered, or was
// answered with a warning: that it is on this server, but perhaps on no standby. The statement
// writes in both cases, so its own commit waits for the standbys as the first one should have.
func (c *Conn) resolve(id string, cause error) error {
	ctx, cancel := context.WithTimeout(c.db.life, resolveTime)
	defer cancel()
	_ = c.Close()
	warnings := c.warnings
	for {
		var kept int
		err := c.RowUntil(ctx, "INSERT INTO batches (id, kept, at) VALUES ($1, 0, "+serverTime+") ON CONFLICT (id) DO UPDATE SET at = excluded.at RETURNING kept",
			[]any{id}, &kept)
		warned := c.warnings > warnings
		warnings = c.warnings
		switch {
		case err == nil && warned: // this one is perhaps on no standby, too
		case err == nil && kept == 1:
			return nil
		case err == nil:
			return errors.Join(engine.ErrNotCommitted, cause)
		}
		c.db.opts.Log.Warn("the outcome of a commit is not known yet", "error", err)
		select {
		case <-ctx.Done():
			return errors.Join(cause, err)
		case <-time.After(resolvePause):
		}
	}
}

// serverTime is SQL for the time of PostgreSQL in milliseconds. The clocks of servers of crmkit may
// differ by more than batchLife.
const serverTime = "CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT)"

// batchLife is how long the id of a transaction is kept, in milliseconds: far longer than resolve
// asks for it.
const batchLife = "3600000"

// tidyStep is how many ids one statement deletes.
const tidyStep = 20_000

// Tidy deletes the ids of old transactions. Several servers may do it at the same time.
func (db *DB) Tidy(ctx context.Context) error {
	c := newConn(db)
	defer c.Close()
	for ctx.Err() == nil {
		deleted, err := c.Exec(fmt.Sprintf("DELETE FROM batches WHERE id IN (SELECT id FROM batches WHERE at < %s - %s ORDER BY at LIMIT %d FOR UPDATE SKIP LOCKED)", serverTime, batchLife, tidyStep))
		if err != nil || deleted < tidyStep {
			return err
		}
	}
	return ctx.Err()
}

// Rollback implements engine.Conn. If the connection is lost, or closed since it does not answer, the server
// rolls back by itself.
func (c *Conn) Rollback() error {
	sent := c.begun && c.sent
	c.end()
	if !sent || c.conn == nil {
		return nil
	}
	ctx, cancel := c.db.limited()
	defer cancel()
	c.db.trips.Add(1)
	if _, err := c.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = c.Close()
	}
	return nil
}

// Savepoint implements engine.Conn.
func (c *Conn) Savepoint(name string) error { return c.Send("SAVEPOINT " + name) }

// Release implements engine.Conn. It sends what waits, so that an error of a statement within the
// savepoint is known before its end.
func (c *Conn) Release(name string) error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.Send("RELEASE SAVEPOINT " + name)
}

// RollbackTo implements engine.Conn. Statements within the savepoint that were not sent are not
// sent any more.
func (c *Conn) RollbackTo(name string) error {
	begins := "SAVEPOINT " + name
	at := len(c.waiting) - 1
	for at >= 0 && c.waiting[at].text != begins {
		at--
	}
	if at >= 0 {
		c.waiting = slices.Clip(c.waiting[:at])
		return nil
	}
	c.waiting = nil
	if _, err := c.Exec("ROLLBACK TO SAVEPOINT " + name); err != nil {
		return err
	}
	return c.Send("RELEASE SAVEPOINT " + name)
}

// DeferReferences implements engine.Conn.
func (c *Conn) DeferReferences() error { return c.Send("SET CONSTRAINTS ALL DEFERRED") }
