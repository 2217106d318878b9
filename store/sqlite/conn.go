package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"

	modernc "modernc.org/sqlite"
)

// ErrNoRows says that a statement found no row where one was asked for.
var ErrNoRows = sql.ErrNoRows

// Found tells a missing row from a failure: found is false and the error nil for ErrNoRows.
func Found(err error) (found bool, _ error) {
	if errors.Is(err, ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Conn is one connection to a database, with the statements that were prepared on it.
// It serves one goroutine at a time.
//
// Only Rows takes a context. The other methods return sooner than a cancellation would
// reach them, and a context that can end costs the driver and database/sql a goroutine
// each for every statement: a read of one row took 25 us with it, and takes 20.
type Conn struct {
	conn   *sql.Conn
	stmts  *statements
	probes map[string]driver.Stmt
}

// newConn returns a connection that takes over one of database/sql.
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

// Row reads one row into dest; without one the error is ErrNoRows. It is for rows that
// are found at once: a statement that reads many to find one goes through Rows.
func (c *Conn) Row(text string, args []any, dest ...any) error {
	st, err := c.stmts.take(text)
	if err != nil {
		return err
	}
	defer st.release()
	return st.QueryRowContext(context.Background(), args...).Scan(dest...)
}

// Rows calls each for every row, and stops at its first error. The driver looks at the
// context only while it looks for the first row, so a statement that may take long
// finds all its rows before it returns one: it counts, sorts, or reads from a
// materialized list.
func (c *Conn) Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	st, err := c.stmts.take(text)
	if err != nil {
		return err
	}
	defer st.release()
	rows, err := st.QueryContext(ctx, args...)
	return eachRow(rows, err, each)
}

// RowUntil reads one row that may take long to find, like a count; without one the error
// is ErrNoRows.
func (c *Conn) RowUntil(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := c.Rows(ctx, text, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return ErrNoRows
	}
	return err
}

// Texts reads a column of texts.
func (c *Conn) Texts(ctx context.Context, text string, args ...any) (list []string, err error) {
	err = c.Rows(ctx, text, args, func(scan func(...any) error) error {
		list = append(list, "")
		return scan(&list[len(list)-1])
	})
	return list, err
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

// Exists reports whether a statement with one argument finds a row. It goes past
// database/sql, for what nearly every read asks first: 7 allocations instead of 17.
func (c *Conn) Exists(text string, arg int64) (found bool, err error) {
	err = c.conn.Raw(func(conn any) (err error) {
		st := c.probes[text]
		if st == nil {
			if st, err = conn.(driver.Conn).Prepare(text); err != nil {
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

// BeginWrite begins a transaction that writes. It takes the lock for writing at once,
// so that no statement of the transaction fails for want of it.
func (c *Conn) BeginWrite() error { return c.run("BEGIN IMMEDIATE") }

// Commit commits the transaction. After an error it may be committed or not, and may
// still be open.
func (c *Conn) Commit() error { return c.run("COMMIT") }

// Rollback takes the transaction back. It is an error where there is none, as when
// SQLite ended it after a fault of the disk.
func (c *Conn) Rollback() error { return c.run("ROLLBACK") }

func (c *Conn) run(text string) error { return c.script(context.Background(), text) }

// script runs statements that are not kept as prepared ones.
func (c *Conn) script(ctx context.Context, text string, args ...any) error {
	_, err := c.conn.ExecContext(ctx, text, args...)
	return err
}

// Savepoint marks a point of the transaction under a name of the program.
func (c *Conn) Savepoint(name string) error { return c.mark("SAVEPOINT " + name) }

// Release forgets the last savepoint of the name; what was done since stays.
func (c *Conn) Release(name string) error { return c.mark("RELEASE " + name) }

// RollbackTo takes back what was done since the last savepoint of the name, and
// forgets it.
func (c *Conn) RollbackTo(name string) error {
	return errors.Join(c.mark("ROLLBACK TO "+name), c.Release(name))
}

func (c *Conn) mark(text string) error {
	_, err := c.Exec(text)
	return err
}

// DeferReferences has the references between rows checked at the end of the
// transaction, not with each statement.
func (c *Conn) DeferReferences() error { return c.mark("PRAGMA defer_foreign_keys = 1") }

// DataVersion returns a number that changes when another connection, of this process or of
// another, has committed to the file. Commits of this connection do not change it.
func (c *Conn) DataVersion() (version int64, err error) {
	err = c.Row("PRAGMA data_version", nil, &version)
	return version, err
}

// PagesRead returns how many pages of the file the connection has asked for so far, those
// that were in its cache included (sqlite3_db_status); 0 where the driver does not say.
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

// Checkpoint writes the log into the file and empties it, unless a reader still needs
// it after a tenth of a second: writes must not wait for readers.
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
