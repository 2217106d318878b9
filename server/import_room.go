package server

import (
	"context"

	"crmkit/crm"
	"crmkit/store"
)

// A file that is imported is storage of its workspace for as long as it is kept: it is
// reserved in pieces while the file comes in, so that a plan that is full refuses it early.

const (
	roomFree  = 1 << 20 // bytes of a file that count for nothing: as many as any body may have
	roomPiece = 8 << 20 // bytes that are reserved at once
)

// room is a spool that reserves storage before it takes more in.
type room struct {
	rq       *request
	store    *store.Store
	spool    *store.Spool
	id       string // of the reservation; empty: there is none yet
	size     int64
	reserved int64
}

func newRoom(rq *request, st *store.Store, spool *store.Spool) *room {
	return &room{rq: rq, store: st, spool: spool}
}

// Write reserves what is missing, and writes on.
func (r *room) Write(p []byte) (int, error) {
	r.size += int64(len(p))
	if r.size > max(roomFree, r.reserved) {
		if err := r.reserve(); err != nil {
			return 0, err
		}
	}
	return r.spool.Write(p)
}

// reserve reserves a further piece, until the spool is closed.
func (r *room) reserve() (err error) {
	actor, id := r.rq.actor, r.id
	if id == "" {
		if id, err = crm.RandomID("imp", r.store.Random()); err != nil {
			return err
		}
		r.id = id
		r.spool.After(func() { _ = r.store.Release(context.Background(), actor, id) })
	}
	r.reserved = r.size + roomPiece
	return r.store.Reserve(r.rq.Context(), actor, id, r.reserved)
}
