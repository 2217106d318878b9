package web

import (
	"crmkit/render"
	"crmkit/store"
	"crmkit/store/account"
)

// Transact runs a write of the request and returns its answer. A request with an
// Idempotency-Key is done once: sent again it gets the same answer.
func (rq *Request) Transact(fn func(*store.Tx) (*render.Response, error)) (doc *render.Response, err error) {
	err = rq.Update(func(tx *store.Tx) (err error) {
		doc, err = rq.withIdempotency(tx, fn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// Update runs a write of the request.
func (rq *Request) Update(fn func(*store.Tx) error) error {
	return rq.adapter.store.Write(rq.Context(), rq.Actor, rq.Authorized(fn))
}

// Authorized returns fn behind a check of token and role in the transaction itself: they may
// have been revoked or changed while the body came in, or by the write just before.
func (rq *Request) Authorized(fn func(*store.Tx) error) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if err := account.Reauthorize(tx); err != nil {
			return err
		}
		if err := rq.permitted(tx.Actor.Role); err != nil {
			return err
		}
		return fn(tx)
	}
}
