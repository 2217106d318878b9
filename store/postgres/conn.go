package postgres

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"crmkit/store/engine"
	"crmkit/store/postgres/dialect"
)

// Conn is one connection; see engine.Conn. It is opened by its first statement, and again by the
// first statement outside of a transaction after it was lost.
type Conn struct {
	db       *DB
	conn     *pgx.Conn // nil: not open
	waiting  []queued  // statements that were not sent yet
	bytes    int       // of their texts, about
	read     bool      // the caller has a row of the statement at hand
	reads    bool      // it does nothing but read
	begun    bool      // a transaction has begun, perhaps only in waiting
	sent     bool      // its beginning was sent
	id       string    // of a transaction that writes, in the table batches; empty: it has none
	warnings int       // of the server so far
	settled  bool      // the session has its settings
	trust    int64     // DB.distrusts before it was opened
	holds    bool      // the session has the lock of exempt.go
	exempt   bool      // it has it, and has checked since, so it reads without asking
	tried    time.Time // when it asked for that
}

// queued is a statement that waits to be sent with the next one.
type queued struct {
	text string
	args []any
}

func newConn(db *DB) *Conn { return &Conn{db: db} }

// Close closes the connection.
func (c *Conn) Close() error {
	if c.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn := c.conn
	c.conn = nil
	return conn.Close(ctx)
}

// Exec implements engine.Conn.
func (c *Conn) Exec(text string, args ...any) (changed int64, err error) {
	ctx, cancel := c.db.limited()
	defer cancel()
	err = c.roundTrip(ctx, queued{text, args}, func(rows pgx.Rows) error {
		rows.Close()
		changed = rows.CommandTag().RowsAffected()
		return rows.Err()
	})
	return changed, err
}

// Send implements engine.Conn. Outside of a transaction the statement runs at once.
func (c *Conn) Send(text string, args ...any) error {
	if !c.begun {
		_, err := c.Exec(text, args...)
		return err
	}
	for _, arg := range args {
		if long, is := arg.(string); is {
			c.bytes += len(long)
		}
	}
	if c.waiting = append(c.waiting, queued{text, args}); len(c.waiting) < maxWaiting && c.bytes < maxWaitingBytes {
		return nil
	}
	return c.flush()
}

// How many statements wait at most, and how long their texts are together.
const (
	maxWaiting      = 200
	maxWaitingBytes = 1 << 20
)

// flush sends the statements that wait.
func (c *Conn) flush() error {
	if len(c.waiting) == 0 {
		return nil
	}
	last := c.waiting[len(c.waiting)-1]
	c.waiting = c.waiting[:len(c.waiting)-1]
	_, err := c.Exec(last.text, last.args...)
	return err
}

// Row implements engine.Conn.
func (c *Conn) Row(text string, args []any, dest ...any) error {
	ctx, cancel := c.db.limited()
	defer cancel()
	return c.RowUntil(ctx, text, args, dest...)
}

// RowUntil implements engine.Conn.
func (c *Conn) RowUntil(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := c.Rows(ctx, text, args, func(scan func(...any) error) error {
		if found {
			return nil // SQLite's Row reads the first of several rows, too
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return engine.ErrNoRows
	}
	return err
}

// Rows implements engine.Conn.
func (c *Conn) Rows(ctx context.Context, text string, args []any, each func(scan func(...any) error) error) error {
	return c.roundTrip(ctx, queued{text, args}, func(rows pgx.Rows) error {
		defer rows.Close()
		scan := dialect.Scanner(rows)
		for rows.Next() {
			c.read = true
			if err := each(scan); err != nil {
				return &callerError{err}
			}
		}
		return rows.Err()
	})
}

// callerError is an error of a function that reads rows, which says nothing of the connection.
type callerError struct{ error }

// Texts implements engine.Conn.
func (c *Conn) Texts(ctx context.Context, text string, args ...any) (list []string, err error) {
	err = c.Rows(ctx, text, args, func(scan func(...any) error) error {
		list = append(list, "")
		return scan(&list[len(list)-1])
	})
	return list, err
}

// Exists implements engine.Conn.
func (c *Conn) Exists(text string, arg int64) (found bool, err error) {
	ctx, cancel := c.db.limited()
	defer cancel()
	err = c.Rows(ctx, text, []any{arg}, func(func(...any) error) error {
		found = true
		return nil
	})
	return found, err
}

// roundTrip sends what waits and a statement, waits for all, and has read read the rows of the
// last. A connection that is lost before anything of a transaction was sent is opened again, once,
// unless the caller has rows already. A statement outside of a transaction may so run twice: those
// that write there (of this package alone) may.
func (c *Conn) roundTrip(ctx context.Context, last queued, read func(pgx.Rows) error) error {
	ctx, cancel := c.db.bounded(ctx)
	defer cancel()
	waiting := slices.Clip(c.waiting)
	c.waiting, c.bytes, c.read = nil, 0, false
	fresh := !c.begun || !c.sent
	used := c.conn != nil // so it may have been lost since
	started := time.Now()
	err := c.try(ctx, waiting, last, read)
	if err != nil && fresh && used && !c.read && c.conn == nil && retryable(err) && ctx.Err() == nil {
		c.sent = false
		err = c.try(ctx, waiting, last, read)
	}
	return c.meaning(ctx, started, last.text, err)
}

// meaning returns the error of statements that were sent at a time, as the store knows it.
func (c *Conn) meaning(ctx context.Context, sent time.Time, text string, err error) error {
	var own *callerError
	if errors.As(err, &own) {
		return own.error
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && time.Since(sent) >= silence {
		c.db.distrust()
	}
	if c.conn != nil { // a driver that could not send or read has closed it
		return c.db.explain(ctx, text, err)
	}
	return named(ctx, err)
}

// retryable reports whether the error is one of the connection.
func retryable(err error) bool {
	var own *callerError
	return broke(err) && !errors.As(err, &own)
}

// connect opens the connection if it is not open, or if it was opened before the server fell silent or
// another host took over. Within a transaction it cannot: the server has ended that.
func (c *Conn) connect(ctx context.Context) error {
	if c.conn != nil && c.conn.IsClosed() {
		c.conn = nil
	}
	if c.conn != nil && !(c.begun && c.sent) && c.trust != c.db.distrusts.Load() {
		_ = c.Close()
	}
	if c.conn != nil {
		return nil
	}
	if c.begun && c.sent {
		return &lostError{errors.New("it was lost within a transaction")}
	}
	config := c.db.config.Copy()
	config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
		if notice.SeverityUnlocalized == "WARNING" {
			c.warnings++
		}
	}
	c.trust = c.db.distrusts.Load()
	c.holds, c.exempt, c.tried = false, false, time.Time{}
	conn, err := c.db.dial(ctx, config)
	c.conn, c.settled = conn, config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && !c.db.explicit
	if err == nil {
		c.db.dials.Add(1)
	}
	return err
}

// dropBroken closes the connection after an error that says it is of no use any more.
func (c *Conn) dropBroken(err error) error {
	var own *callerError
	var known *pgconn.PgError
	if c.conn == nil || err == nil || errors.As(err, &own) && !c.conn.IsClosed() {
		return err
	}
	if c.conn.IsClosed() || errors.As(err, &known) && broke(err) {
		_ = c.Close()
	}
	return err
}

// Version implements engine.Conn.
func (c *Conn) Version() (int64, error) { return 0, nil }

// PagesRead implements engine.Conn.
func (c *Conn) PagesRead() int { return 0 }

// Checkpoint implements engine.Conn. PostgreSQL does it by itself.
func (c *Conn) Checkpoint() error { return nil }
