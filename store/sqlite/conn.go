package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	modernc "modernc.org/sqlite"

	"crmkit/store/engine"
)

// Conn is one connection to a file, with the statements that were prepared on it; see engine.Conn.
//
// Only methods whose statement may run long take a context. The others return before a
// cancellation could have an effect, and for a context that can end the driver and database/sql
// start a goroutine each for every statement: a read of one row took 25 us with it, and takes 20.
type Conn struct {
	conn   *sql.Conn
	stmts  *statements
	probes map[string]driver.Stmt
}

// newConn returns a Conn that owns a connection of database/sql.
func newConn(conn *sql.Conn) *Conn {
	return &Conn{conn: conn, stmts: newStatements(conn), probes: map[string]driver.Stmt{}}
}

// Close closes the connection and its statements.
func (c *Conn) Close() error {
	c.stmts.close()
	var errs []error
	for _, st := range c.probes {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

// Exec runs a statement that returns no rows, and returns how many rows it changed.
func (c *Conn) Exec(text string, args ...any) (changed int64, err error) {
	st, err := c.stmts.take(text)
	if err != nil {
		return 0, err
	}
	defer st.release()
	result, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Send runs a statement at once: SQLite has no round trips that could be saved.
func (c *Conn) Send(text string, args ...any) error {
	_, err := c.Exec(text, args...)
	return err
}

// Row implements engine.Conn.
func (c *Conn) Row(text string, args []any, dest ...any) error {
	st, err := c.stmts.take(text)
	if err != nil {
		return err
	}
	defer st.release()
	return st.QueryRowContext(context.Background(), args...).Scan(dest...)
}

// Rows calls each for every row, and stops at its first error. The driver checks the context
// only until the first row, so a statement that may take long must find all its rows before it
// returns one: it counts, sorts, or reads from a materialized subquery.
func (c *Conn) Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	st, err := c.stmts.take(text)
	if err != nil {
		return err
	}
	defer st.release()
	rows, err := st.QueryContext(ctx, args...)
	return eachRow(rows, err, each)
}

// RowUntil implements engine.Conn.
func (c *Conn) RowUntil(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := c.Rows(ctx, text, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return engine.ErrNoRows
	}
	return err
}

// Texts returns the column of a statement that has one column of texts.
func (c *Conn) Texts(ctx context.Context, text string, args ...any) (list []string, err error) {
	err = c.Rows(ctx, text, args, func(scan func(...any) error) error {
		list = append(list, "")
		return scan(&list[len(list)-1])
	})
	return list, err
}

// Several implements engine.Conn.
func (c *Conn) Several(list []engine.Question) error {
	for _, q := range list {
		if err := c.Rows(context.Background(), q.Text, q.Args, q.Each); err != nil {
			return err
		}
	}
	return nil
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

// Exists reports whether a statement with one argument finds a row. Nearly every read begins with
// one of these, so it uses the driver without database/sql: 7 allocations instead of 17.
func (c *Conn) Exists(text string, arg int64) (found bool, err error) {
	err = c.conn.Raw(func(conn any) (err error) {
		st := c.probes[text]
		if st == nil {
			if st, err = conn.(driver.Conn).Prepare(words.Replace(text)); err != nil {
				return err
			}
			c.probes[text] = st
		}
		rows, err := st.(driver.StmtQueryContext).QueryContext(context.Background(), []driver.NamedValue{{Ordinal: 1, Value: arg}})
		if err != nil {
			return err
		}
		defer rows.Close()
		var one [1]driver.Value
		if err = rows.Next(one[:]); errors.Is(err, io.EOF) {
			return nil
		}
		found = err == nil
		return err
	})
	return found, err
}

// BeginRead begins a transaction in which all reads see the same snapshot.
func (c *Conn) BeginRead() error { return c.run("BEGIN") }

// BeginWrite begins a transaction that writes. It takes the lock for writing at once, so that no
// later statement of the transaction fails because another process has it. There is one lock for
// all workspaces.
func (c *Conn) BeginWrite([]int64) error { return c.run("BEGIN IMMEDIATE") }

// Commit commits the transaction. After an error it is unknown whether it is committed, and it may
// still be open.
func (c *Conn) Commit() error { return c.run("COMMIT") }

// Rollback rolls the transaction back. Without an open transaction it returns an error, for
// example after a fault of the disk, when SQLite has ended the transaction itself.
func (c *Conn) Rollback() error { return c.run("ROLLBACK") }

func (c *Conn) run(text string) error { return c.script(context.Background(), text) }

// script runs statements that are not prepared for later use.
func (c *Conn) script(ctx context.Context, text string, args ...any) error {
	_, err := c.conn.ExecContext(ctx, text, args...)
	return err
}

// Savepoint begins a savepoint. The name must be one of the program: it becomes SQL text.
func (c *Conn) Savepoint(name string) error { return c.mark("SAVEPOINT " + name) }

// Release ends the last savepoint of the name and keeps the changes since.
func (c *Conn) Release(name string) error { return c.mark("RELEASE " + name) }

// RollbackTo undoes the changes since the last savepoint of the name, and ends it.
func (c *Conn) RollbackTo(name string) error {
	return errors.Join(c.mark("ROLLBACK TO "+name), c.Release(name))
}

func (c *Conn) mark(text string) error {
	_, err := c.Exec(text)
	return err
}

// DeferReferences makes SQLite check foreign keys at the end of the transaction, and not with
// each statement.
func (c *Conn) DeferReferences() error { return c.mark("PRAGMA defer_foreign_keys = 1") }

// Version returns a number that changes when another connection, of this process or of another,
// has committed to the file. Commits of this connection do not change it.
func (c *Conn) Version() (version int64, err error) {
	err = c.Row("PRAGMA data_version", nil, &version)
	return version, err
}

// PagesRead returns how many pages of the file the connection has read so far, with those that
// were in its cache (sqlite3_db_status). It is 0 if the driver does not know.
func (c *Conn) PagesRead() (pages int) {
	_ = c.conn.Raw(func(conn any) error {
		status, known := conn.(modernc.DBStatus)
		for _, op := range []modernc.DBStatusOp{modernc.DBStatusCacheHit, modernc.DBStatusCacheMiss} {
			if known {
				n, _, _ := status.Status(op, false)
				pages += n
			}
		}
		return nil
	})
	return pages
}

// Checkpoint writes the write-ahead log into the file and empties it, unless a reader still needs
// it after a tenth of a second: writes must not wait longer for readers.
func (c *Conn) Checkpoint() error {
	if err := c.run("PRAGMA busy_timeout = 100"); err != nil {
		return err
	}
	var busy, frames, moved int
	err := c.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if err == nil && busy != 0 {
		err = errors.New("a reader is in the way")
	}
	return errors.Join(err, c.run("PRAGMA busy_timeout = 10000"))
}
