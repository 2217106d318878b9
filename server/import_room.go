package server

import (
	"context"

	"crmkit/crm"
	"crmkit/store"
)

// A file that is imported is storage of its workspace: it is reserved in pieces while the
// file comes in, so that a plan that is full refuses it early, and to the byte while it
// waits for its confirmation.

const (
	minFreeSpace = 1 << 20 // bytes of a file on its way that count for nothing: as many as any body may have
	reservePiece = 8 << 20 // bytes that are reserved at once
)

// spoolWriter is a spool that reserves storage before it takes more in.
type spoolWriter struct {
	rq       *request
	store    *store.Store
	spool    *store.Spool
	id       string // of the reservation; empty: there is none yet
	size     int64
	reserved int64
}

func newSpoolWriter(rq *request, st *store.Store, spool *store.Spool) *spoolWriter {
	return &spoolWriter{rq: rq, store: st, spool: spool}
}

// Write reserves what is missing, and writes on.
func (r *spoolWriter) Write(p []byte) (int, error) {
	r.size += int64(len(p))
	if r.size > max(minFreeSpace, r.reserved) {
		if err := r.reserve(r.size + reservePiece); err != nil {
			return 0, err
		}
	}
	return r.spool.Write(p)
}

// reserve reserves so much, in the place of what was, until the spool is closed.
func (r *spoolWriter) reserve(size int64) (err error) {
	actor, id := r.rq.actor, r.id
	if id == "" {
		if id, err = crm.RandomID("imp", r.store.Random()); err != nil {
			return err
		}
		r.id = id
		r.spool.After(func() { _ = r.store.Release(context.Background(), actor, id) })
	}
	r.reserved = size
	return r.store.Reserve(r.rq.Context(), actor, id, size)
}

// await reserves the size of the file while it waits for its confirmation.
func (r *spoolWriter) await() error { return r.reserve(r.size) }

// begin is called with the request that imports a file that waited: what is free on its
// way is free again. Where that cannot be saved now, it counts until the file is closed.
func (r *spoolWriter) begin(rq *request) {
	if r.rq = rq; r.size <= minFreeSpace {
		_ = r.reserve(0)
	}
}
