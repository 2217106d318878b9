package server

import (
	"errors"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/dryrun"
)

// maxLinkMemory is the most bytes that the dry run of a request that links many records remembers.
const maxLinkMemory = 64 << 20

// planned links records in several steps, as a dry run or confirmed. A confirmed request begins with
// another dry run: only if that does what the plan says is anything saved. What others write during
// the steps is met as without a plan. The token is spent by the last step, so that a request that
// broke off can be confirmed again, with a plan for the rest.
func (t *linkRun) planned(list []candidate, asked web.Planning) (*render.Response, error) {
	var p plan.Plan
	if asked.Token != "" {
		var done *render.Response
		err := t.rq.Update(func(tx *store.Tx) (err error) {
			p, done, err = t.rq.Confirmed(tx, asked.Token)
			return err
		})
		if done != nil || err != nil {
			return done, err
		}
	}
	doc, receipts, err := t.dryRun(list)
	if err != nil {
		return nil, err
	}
	if asked.DryRun {
		return t.rq.Offered(doc, plan.Plan{Receipts: receipts})
	}
	if differences := plan.Compare(p.Receipts, receipts); len(differences) > 0 {
		return nil, t.rq.Update(func(tx *store.Tx) error {
			fault, err := t.rq.Stale(tx, differences, plan.Plan{Receipts: receipts})
			if err != nil {
				return err
			}
			return tx.CommitWithError(fault)
		})
	}
	t.write = t.rq.Update
	t.end = func(fn web.Work) (*render.Response, error) { return t.rq.TransactLast(asked.Token, fn) }
	doc, err = t.run(list)
	return doc, t.stopped(err)
}

// dryRun runs all steps, takes them back, and returns their receipts.
func (t *linkRun) dryRun(list []candidate) (doc *render.Response, receipts []plan.Receipt, err error) {
	run := dryrun.New(maxLinkMemory)
	var all plan.Collector
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
		return nil, nil, err
	}
	line := doc.Line.Only(t.to.entity.Names(func(f *crm.Field) bool { return !f.ReadOnly })) // each step counts its own links
	doc.Line = &line
	return doc, all.Receipts(), nil
}
