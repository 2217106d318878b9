package transfer

import (
	"context"

	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/spool"
)

const (
	freeUpload   = 1 << 20 // bytes up to which an upload is not part of the storage, like other bodies
	reservePiece = 8 << 20 // bytes that are reserved at once
)

// storedUpload writes an upload to a spool, and reserves storage of its workspace for it.
// Storage is reserved in pieces while the file arrives, so that a full plan refuses it
// early, and exactly while the file waits for its confirmation.
type storedUpload struct {
	rq       *web.Request
	store    *store.Store
	spool    *spool.File
	id       string // of the reservation; empty before the first
	size     int64
	reserved int64
}

// Write reserves what the piece needs, and writes it.
func (u *storedUpload) Write(p []byte) (int, error) {
	u.size += int64(len(p))
	if u.size > max(freeUpload, u.reserved) {
		if err := u.reserve(u.size + reservePiece); err != nil {
			return 0, err
		}
	}
	return u.spool.Write(p)
}

// reserve replaces the reservation, which ends when the spool is closed.
func (u *storedUpload) reserve(size int64) error {
	actor, id := u.rq.Actor, u.id
	if id == "" {
		id = "imp_" + u.rq.ID // its own: a request has one upload
		u.id = id
		u.spool.After(func() { _ = u.store.Release(context.Background(), actor, id) })
	}
	u.reserved = size
	return u.store.Reserve(context.WithoutCancel(u.rq.Context()), actor, id, size)
}

// keep reserves the size of the file while it waits for its confirmation.
func (u *storedUpload) keep() error { return u.reserve(u.size) }

// confirm ends the wait: the request imports the file. Uploads that are not part of the storage
// give their reservation back; if that fails, it lasts until the file is closed.
func (u *storedUpload) confirm(rq *web.Request) {
	if u.rq = rq; u.size <= freeUpload {
		_ = u.reserve(0)
	}
}
