package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// try is roundTrip without a second try.
func (c *Conn) try(ctx context.Context, batch []queued, last queued, read func(pgx.Rows) error) (err error) {
	if err := c.connect(ctx); err != nil {
		return err
	}
	if err := c.takeLock(ctx); err != nil {
		return c.dropBroken(err)
	}
	c.db.trips.Add(1)
	if asks := c.reads && !c.exempt && !(c.begun && c.sent); asks && !c.begun {
		return c.dropBroken(c.readAsking(ctx, last, read))
	} else if asks {
		batch = append(batch, c.db.needsCheck())
	}
	if c.sent = c.begun; len(batch) > 0 {
		err = c.sendAll(ctx, pipeline{before: batch, asked: last, read: read})
	} else {
		err = c.sendOne(ctx, last, read)
	}
	return c.dropBroken(err)
}

// sendOne sends a statement, and reads its rows.
func (c *Conn) sendOne(ctx context.Context, q queued, read func(pgx.Rows) error) error {
	st := c.db.statements.Of(q.text)
	rows, err := c.conn.Query(ctx, st.Text, st.Arguments(q.args)...)
	if err != nil {
		rows.Close()
		return err
	}
	return read(rows)
}

// pipeline is several statements that are sent at once.
type pipeline struct {
	before []queued
	asked  queued // the one whose rows are read
	read   func(pgx.Rows) error
	after  []queued
}

// sendAll sends several statements at once.
func (c *Conn) sendAll(ctx context.Context, p pipeline) (err error) {
	var batch pgx.Batch
	for _, q := range slices.Concat(p.before, []queued{p.asked}, p.after) {
		st := c.db.statements.Of(q.text)
		batch.Queue(st.Text, st.Arguments(q.args)...)
	}
	results := c.conn.SendBatch(ctx, &batch)
	defer func() { err = cmpError(err, results.Close()) }()
	for _, q := range p.before {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		if err := c.note(ctx, q, tag); err != nil {
			return err
		}
	}
	rows, err := results.Query()
	if err != nil {
		rows.Close()
		return err
	}
	return p.read(rows)
}
