package web

import (
	"errors"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/changelog"
	"crmkit/store/dryrun"
	"crmkit/store/txn"
)

// Work is the function of a write. It returns the answer, and may run several times.
type Work func(*store.Tx) (*render.Response, error)

// Transact runs a write of the request and returns its answer. A request with an
// Idempotency-Key is done once: sent again it gets the same answer. With dry_run=1 nothing is saved,
// and with confirm= exactly what a dry run has shown; see package plan. The write of a
// line is left to the request that the line is part of.
func (rq *Request) Transact(fn Work) (*render.Response, error) {
	fn = followed(rq.behind(fn))
	if rq.line != nil {
		rq.line.write = fn
		return nil, errPrepared
	}
	p, fault := rq.Planning()
	switch {
	case fault != nil:
		return nil, fault
	case p.DryRun:
		return rq.dryRun(fn)
	case p.Token != "":
		return rq.transactPlanned(p.Token, withChange(fn))
	case rq.Params.Has("limit"):
		return nil, crm.Errorf(crm.InvalidValue, "limit= is how much of a dry run is shown, and has no meaning for a write in earnest. Nothing was saved; leave it out, or add dry_run=1.").On("limit")
	}
	return rq.transact(withChange(fn))
}

// behind returns a write that follows what the request does before it, in the same transaction.
func (rq *Request) behind(fn Work) Work {
	if rq.Before == nil {
		return fn
	}
	return func(tx *store.Tx) (*render.Response, error) {
		if err := rq.Before(tx); err != nil {
			return nil, err
		}
		return fn(tx)
	}
}

// followed returns a write whose answer says which of the records that the client named are part of
// another one by now.
func followed(fn Work) Work {
	return func(tx *store.Tx) (*render.Response, error) {
		before := len(tx.Followed())
		doc, err := fn(tx)
		if err != nil || doc == nil || doc.Receipts != nil { // each line says it itself
			return doc, err
		}
		for _, f := range tx.Followed()[before:] {
			doc.Remarks = append(doc.Remarks, f.Remark())
		}
		return doc, nil
	}
}

// transact runs a write once for its Idempotency-Key.
func (rq *Request) transact(fn Work) (doc *render.Response, err error) {
	err = rq.Update(func(tx *store.Tx) (err error) {
		doc, err = rq.withIdempotency(tx, fn)
		return err
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// Update runs a write of the request, which must not be a line. All that a request saves is one change
// group, however many transactions it takes.
func (rq *Request) Update(fn func(*store.Tx) error) error {
	if rq.line != nil {
		return errors.New("a line of a batch began a transaction of its own: " + rq.Method + " " + rq.Route.Pattern())
	}
	var logged store.Group
	asks := append([]txn.Ahead{account.ReauthorizeAhead(rq.Actor)}, rq.ahead...)
	err := rq.adapter.store.WriteAhead(rq.Context(), rq.Actor, asks, rq.Authorized(func(tx *store.Tx) (err error) {
		tx.Join(rq.group)
		if err = fn(tx); err == nil {
			logged, err = tx.Logged()
		}
		return err
	}))
	if err == nil && logged != 0 {
		rq.group = logged
	}
	return err
}

// DryRunStep runs a write of the request as a step of a dry run.
func (rq *Request) DryRunStep(run *dryrun.Run, fn func(*store.Tx) error) error {
	return rq.adapter.store.DryRunStep(rq.Context(), rq.Actor, run, rq.Authorized(fn))
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
	if doc.Change, err = loggedBy(tx); err != nil {
		return nil, err
	}
	return rq.withIdempotency(tx, func(tx *store.Tx) (*render.Response, error) { return doc, rq.Spend(tx, token, doc) })
}

// Began reports whether a step of a confirmed write was done, or all of it.
func (rq *Request) Began(tx *store.Tx, token string) (bool, error) {
	progress, found, err := account.ProgressOf(tx, auth.Hash(token))
	return found && (progress.Done || progress.Place != ""), err
}

// readRun reads the header Crmkit-Run into the actor. It is read in every request, since clients send it
// with all of theirs; only writes use it.
func (rq *Request) readRun() error {
	switch values := rq.Header.Values(crm.RunHeader); len(values) {
	case 0:
		return nil
	case 1:
		rq.Actor.Run = strings.TrimSpace(values[0])
	default:
		return crm.Errorf(crm.InvalidValue, "the request has %d headers %s; send one.", len(values), crm.RunHeader).On(crm.RunHeader)
	}
	if fault := crm.CheckRun(rq.Actor.Run); fault != nil {
		return fault.On(crm.RunHeader)
	}
	return nil
}

// withChange returns a write whose answer names the change group of what it logged.
func withChange(fn Work) Work {
	return func(tx *store.Tx) (doc *render.Response, err error) {
		if doc, err = fn(tx); err == nil && doc != nil {
			doc.Change, err = loggedBy(tx)
		}
		return doc, err
	}
}

// loggedBy returns the id of the change group of what a transaction has logged, or has joined; empty if
// there is none.
func loggedBy(tx *store.Tx) (string, error) {
	g, err := tx.Logged()
	return changelog.GroupID(tx.Actor.Workspace, int64(g)), err
}

// Change returns the id of the change group of what the request has saved so far; empty if it has
// saved nothing.
func (rq *Request) Change() string { return changelog.GroupID(rq.Actor.Workspace, int64(rq.group)) }

// EntriesOf runs a part of a write, and returns how many entries of the log it made in the workspace.
func EntriesOf(tx *store.Tx, part func() error) (n int64, err error) {
	before, err := tx.Counters()
	if err == nil {
		err = part()
	}
	if err != nil {
		return 0, err
	}
	after, err := tx.Counters()
	return after.Last - before.Last, err
}
