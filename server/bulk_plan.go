package server

import (
	"context"
	"errors"
	"time"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/dryrun"
)

// maxLinkMemory is the most bytes that the dry run of a request that links many records remembers.
const maxLinkMemory = 64 << 20

// preview answers with what linking records in several steps would do.
func (t *linkRun) preview(list []candidate) (*render.Response, error) {
	page, fault := plan.ParsePage(t.rq.Params)
	if fault != nil {
		return nil, fault
	}
	run := plan.Collector{Page: page}
	doc, err := t.dryRun(list, &run)
	if err != nil {
		return nil, err
	}
	return t.rq.Reported(doc, &run, plan.Plan{Receipts: run.Receipts()})
}

// confirmed links the records as the plan of a token says.
func (t *linkRun) confirmed(token string) (*render.Response, error) {
	p, done, err := t.rq.Planned(token)
	if done != nil || err != nil {
		return done, err
	}
	list, err := t.candidates()
	switch {
	case err != nil:
		return nil, t.rq.FailsNow(p, err)
	case len(list) > stepSize:
		return t.inSteps(list, token, p)
	}
	doc, err := t.run(list)
	return doc, t.stopped(err)
}

// inSteps links records as a plan says. It begins with another dry run: only if that does what the plan
// says is anything saved. What others write during the steps is met as without a plan. The token is
// spent by the last step, so that a request that broke off can be confirmed again, with a plan for the
// rest. One request at a time confirms it; the others are rate_limited.
func (t *linkRun) inSteps(list []candidate, token string, p plan.Plan) (doc *render.Response, err error) {
	var done *render.Response
	var run account.Run
	err = t.rq.Update(func(tx *store.Tx) (err error) {
		if done, err = t.rq.Confirmed(tx, token); done != nil || err != nil {
			return err
		}
		began := false
		if run, began, err = account.BeginConfirmation(tx, auth.Hash(token)); err == nil && !began {
			err = stillLinks()
		}
		return err
	})
	if done != nil || err != nil {
		return done, err
	}
	defer t.ends(run)
	var now plan.Collector
	if _, err = t.dryRun(list, &now); err != nil {
		return nil, t.rq.FailsNow(p, err)
	}
	if differences := plan.Compare(p.Receipts, now.Receipts()); len(differences) > 0 {
		return nil, t.rq.Update(func(tx *store.Tx) error {
			fault, err := t.rq.Stale(tx, differences, plan.Plan{Receipts: now.Receipts()})
			if err != nil {
				return err
			}
			return tx.CommitWithError(fault)
		})
	}
	t.write = func(fn func(*store.Tx) error) error {
		return t.rq.Update(func(tx *store.Tx) error { return t.goesOn(tx, run, fn) })
	}
	t.end = func(fn web.Work) (*render.Response, error) {
		return t.rq.TransactLast(token, func(tx *store.Tx) (doc *render.Response, err error) {
			return doc, t.goesOn(tx, run, func(tx *store.Tx) (err error) { doc, err = fn(tx); return err })
		})
	}
	doc, err = t.run(list)
	return doc, t.stopped(err)
}

// goesOn does a step of a confirmed request, as long as no other one has begun, which happens if this one
// is silent for too long.
func (t *linkRun) goesOn(tx *store.Tx, run account.Run, step func(*store.Tx) error) error {
	last, err := run.IsLast(tx)
	if err == nil && !last {
		err = stillLinks()
	}
	if err == nil {
		err = run.Renew(tx)
	}
	if err != nil {
		return err
	}
	return step(tx)
}

// endTime is how long the end of a confirmed request may take after its client has gone. Without it
// the run ends by itself, after account.RunFor.
const endTime = 10 * time.Second

// ends notes that a confirmed request is over.
func (t *linkRun) ends(run account.Run) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.rq.Context()), endTime)
	defer cancel()
	_ = t.s.store.Write(ctx, t.rq.Actor, run.End)
}

// stillLinks is the error for a token that another request confirms at this moment.
func stillLinks() *crm.Error {
	fault := crm.Errorf(crm.RateLimited, "this request is running now, started by the same token. Wait for the time in Retry-After and repeat it: it then gets the result.")
	fault.RetryAfter = 5 * time.Second
	return fault
}

// dryRun runs all steps, takes them back, and collects their receipts.
func (t *linkRun) dryRun(list []candidate, all *plan.Collector) (doc *render.Response, err error) {
	run := dryrun.New(maxLinkMemory)
	t.write = func(fn func(*store.Tx) error) error {
		var changes []store.Change
		err := t.rq.DryRunStep(run, func(tx *store.Tx) error {
			tx.RecordChanges()
			err := fn(tx)
			changes = tx.Changes()
			return err
		})
		all.Add(changes)
		if errors.Is(err, dryrun.ErrFull) {
			return crm.Errorf(crm.InvalidValue, "a dry run holds all links in memory, at most %d bytes, and these have more. Nothing was saved; send fewer at once.", maxLinkMemory).On(web.PlanParams[0])
		}
		return err
	}
	t.end = func(fn web.Work) (doc *render.Response, err error) {
		err = t.write(func(tx *store.Tx) (err error) {
			doc, err = fn(tx)
			return err
		})
		return doc, err
	}
	if doc, err = t.run(list); err != nil {
		return nil, err
	}
	line := doc.Line.Only(t.to.entity.Names(func(f *crm.Field) bool { return !f.ReadOnly })) // each step counts its own links
	doc.Line = &line
	return doc, nil
}
