package web

import (
	"crmkit/auth"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/account"
)

// Step is the function of one transaction of a confirmed write that takes several. It is given the
// place that the one before noted, empty for the first, and returns the next place, or the answer
// if it is the last. It may run several times.
type Step func(tx *store.Tx, place string) (next string, doc *render.Response, err error)

// TransactStep runs the next step of a confirmed write. The place is stored with the token in the
// transaction of the step. So the same token goes on where a write was broken off, however that
// happened, and requests that confirm it at the same time share the steps. The last one spends
// the token. doc is nil if there are more steps.
func (rq *Request) TransactStep(token string, fn Step) (doc *render.Response, err error) {
	err = rq.Update(func(tx *store.Tx) (err error) {
		doc, err = rq.step(tx, token, fn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

func (rq *Request) step(tx *store.Tx, token string, fn Step) (*render.Response, error) {
	hash := auth.Hash(token)
	progress, found, err := account.ProgressOf(tx, hash)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, notValid{plan.Unknown(token)}
	case progress.Done:
		return rq.alreadyDone(tx, token)
	}
	next, doc, err := fn(tx, progress.Place)
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, account.SaveProgress(tx, hash, next)
	}
	return rq.withIdempotency(tx, func(tx *store.Tx) (*render.Response, error) { return doc, rq.Spend(tx, token, doc) })
}

// Began reports whether a step of a confirmed write was done, or all of it.
func (rq *Request) Began(tx *store.Tx, token string) (bool, error) {
	progress, found, err := account.ProgressOf(tx, auth.Hash(token))
	return found && (progress.Done || progress.Place != ""), err
}
