package store

import (
	"context"
	"errors"

	"crmkit/crm"
)

// Reserve counts n bytes as stored by the actor's workspace until Release is called with the
// same id, until the file is opened again, and for a day at most, in case the call is never
// made. Above the cap of the plan the error is plan_limit_reached, and nothing is reserved.
// A second call with the same id changes how much is reserved.
func (s *Store) Reserve(ctx context.Context, actor crm.Actor, id string, n int64) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Reserve(id, n) })
}

// Release ends the reservation with the id. There need not be one.
func (s *Store) Release(ctx context.Context, actor crm.Actor, id string) error {
	return s.Write(ctx, actor, func(tx *Tx) error { return tx.Release(id) })
}

// Reserve is Store.Reserve in the transaction of another write.
func (tx *Tx) Reserve(id string, n int64) error {
	if n < 0 {
		return errors.New("a negative reservation")
	}
	if err := tx.Release(id); err != nil {
		return err
	}
	if err := tx.GrowStorage(n); err != nil {
		return err
	}
	return tx.Exec("INSERT INTO reservations (id, workspace_id, bytes, made_at) VALUES ($1, $2, $3, $4)", id, tx.Actor.Workspace, n, tx.now)
}

// Release is Store.Release in the transaction of another write.
func (tx *Tx) Release(id string) error {
	var n int64
	_, err := tx.Row("DELETE FROM reservations WHERE id = $1 AND workspace_id = $2 RETURNING bytes", []any{id, tx.Actor.Workspace}, &n)
	if err != nil {
		return err
	}
	return tx.addBytes(-n)
}

// dropReservations ends the reservations of processes that owned the file before. Most leave
// none, and then nothing is written.
func (s *Store) dropReservations(ctx context.Context) {
	var some bool
	err := s.Read(ctx, func(v *ReadTx) error { return v.Row(ctx, "SELECT EXISTS (SELECT 1 FROM reservations)", nil, &some) })
	if err == nil && some {
		err = s.Write(ctx, crm.Actor{}, func(tx *Tx) error {
			return tx.releaseBytes("DELETE FROM reservations RETURNING workspace_id, bytes")
		})
	}
	if err != nil {
		s.opts.Log.Warn("reserved storage was not given back; it will be within a day", "error", err)
	}
}
