package txn

import (
	"context"
	"errors"

	"crmkit/crm"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
	"crmkit/store/table"
)

// ReadTx is a read of what is committed.
type ReadTx = snapshot.Tx

// Read runs fn with a connection for reading. Single statements need no snapshot; use Snapshot
// if several must agree. A caller that reads records has a turn. One without uses a connection
// for account reads, which must be short.
func (d *DB) Read(ctx context.Context, fn func(*ReadTx) error) error {
	conn, free, err := d.Reader(ctx)
	if err != nil {
		return err
	}
	defer free()
	return d.WrapReadError(fn(snapshot.New(conn)))
}

// Reader returns a connection to read with, which the caller gives back by calling free once.
// In a store in memory the writer waits for that.
func (d *DB) Reader(ctx context.Context) (conn engine.Conn, free func(), err error) {
	readers := d.accounts
	if ctx.Value(turnKey{}) != nil {
		readers = d.readers
	}
	if d.gate != nil {
		d.gate.RLock()
		defer func() {
			if err != nil {
				d.gate.RUnlock()
			}
		}()
	}
	if conn, err = readers.take(ctx, d.stop); err != nil {
		return nil, nil, err
	}
	return conn, func() {
		readers.put(conn)
		if d.gate != nil {
			d.gate.RUnlock()
		}
	}, nil
}

// Snapshot runs fn with a connection on which all statements see the same commit.
func (d *DB) Snapshot(ctx context.Context, fn func(*ReadTx) error) error {
	return d.Read(ctx, func(v *ReadTx) error {
		return v.Freeze(func() error { return fn(v) })
	})
}

// WrapReadError is the error for what could not be read, where the machine is at fault, another
// transaction was in the way (such as an upgrade of the schema), or a row is damaged.
func (d *DB) WrapReadError(err error) error {
	var bad *table.DamagedRow
	if errors.As(err, &bad) {
		d.opts.Log.Error("a row of the database is damaged", "record", bad.Handle, "error", bad.Cause)
		where, more := "the file of the server", "with crmkit verify and in its log"
		if d.traits.Shared {
			where, more = "the database", "in its log"
		}
		return crm.Errorf(crm.Internal, "%s is damaged in %s, so this cannot be answered; filters that leave it out can. Do not retry. Who runs the server finds more %s, and may restore a backup.", bad.Handle, where, more)
	}
	if d.data.Fault(err) == engine.NoFault {
		return err
	}
	return d.unusable("read", "the database cannot be read now; try again in a moment.", err)
}
