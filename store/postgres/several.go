package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"crmkit/store/engine"
	"crmkit/store/postgres/dialect"
)

// Several implements engine.Conn: all statements are one round trip. It is for statements within a
// transaction that has begun, so a connection that is lost is not opened again.
func (c *Conn) Several(list []engine.Question) error {
	if err := c.flush(); err != nil || len(list) == 0 {
		return err
	}
	ctx, cancel := c.db.limited()
	defer cancel()
	started := time.Now()
	err := c.connect(ctx)
	if err == nil {
		c.db.trips.Add(1)
		c.sent = c.begun
		err = c.dropBroken(c.askAll(ctx, list))
	}
	return c.meaning(ctx, started, list[0].Text, err)
}

// askAll sends statements, and has each read its rows.
func (c *Conn) askAll(ctx context.Context, list []engine.Question) (err error) {
	var batch pgx.Batch
	for _, q := range list {
		st := c.db.statements.Of(q.Text)
		batch.Queue(st.Text, st.Arguments(q.Args)...)
	}
	results := c.conn.SendBatch(ctx, &batch)
	defer func() { err = cmpError(err, results.Close()) }()
	for _, q := range list {
		rows, err := results.Query()
		if err == nil {
			err = readRows(rows, q.Each)
		} else {
			rows.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readRows calls each for every row, and closes the rows.
func readRows(rows pgx.Rows, each func(scan func(...any) error) error) error {
	defer rows.Close()
	scan := dialect.Scanner(rows)
	for rows.Next() {
		if err := each(scan); err != nil {
			return &callerError{err}
		}
	}
	return rows.Err()
}
