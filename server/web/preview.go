package web

import (
	"errors"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/dryrun"
)

// PagedParams are the parameters of a route whose dry runs may show more effects than fit into one answer.
var PagedParams = append(slices.Clone(PlanParams), plan.PageParams...)

// Offer is the error of a write that needs a confirmation and has no valid one. The handler makes
// confirmation_required of it, and answers with that and the report of the dry run.
type Offer struct {
	Report *render.Response // the answer of the dry run, with its token
	Sent   string           // the token that came with the request and is not valid; empty: none came
}

func (o *Offer) Error() string { return "not confirmed" }

// Answer returns the answer with the error, which gets the token.
func (o *Offer) Answer(fault *crm.Error) *render.Response {
	fault.Confirm = o.Report.Confirm
	return &render.Response{Error: fault, Bulk: o.Report.Bulk, Receipts: o.Report.Receipts, Part: o.Report.Part}
}

// TransactConfirmed is Transact for a write that needs a confirmation. Without a valid one it runs
// dry, and the error is an *Offer.
func (rq *Request) TransactConfirmed(fn Work) (doc *render.Response, err error) {
	if rq.line != nil { // the request that it is a part of asks
		return rq.Transact(fn)
	}
	p, fault := rq.Planning()
	if fault != nil {
		return nil, fault
	}
	if p.DryRun || p.Token != "" {
		if doc, err = rq.Transact(fn); p.DryRun || !errors.Is(err, errNotValid) {
			return doc, err
		}
	}
	if doc, err = rq.dryRun(followed(fn)); err != nil {
		return nil, err
	}
	return nil, &Offer{Report: doc, Sent: p.Token}
}

// dryRunMemory is the most bytes that the dry run of a write in one transaction remembers.
const dryRunMemory = 16 << 20

// dryRun runs a write, takes it back, and returns its answer with the token that does the same in
// earnest.
func (rq *Request) dryRun(fn Work) (doc *render.Response, err error) {
	page, fault := plan.ParsePage(rq.Params)
	if fault != nil {
		return nil, fault
	}
	var run plan.Collector
	err = rq.DryRunStep(dryrun.New(dryRunMemory), func(tx *store.Tx) (err error) {
		tx.RecordChanges()
		doc, err = rq.run(tx, fn)
		run = plan.Collector{Page: page}
		run.Add(tx.Changes())
		return err
	})
	if err == nil {
		err = rq.count()
	}
	if err != nil {
		return nil, err
	}
	others, err := rq.otherReceipts(doc)
	if err != nil {
		return nil, err
	}
	return rq.Reported(doc, &run, plan.Plan{Receipts: slices.Concat(run.Receipts(), others)})
}

// Reported makes the answer of a write that of its dry run: with a page of what it would do, and a token for the
// plan. A further page of a dry run has the token of the first one, and a remark if the plan does not hold any
// more.
func (rq *Request) Reported(doc *render.Response, run *plan.Collector, p plan.Plan) (*render.Response, error) {
	handle := ""
	if doc.Line != nil {
		handle = doc.Line.Handle()
	}
	if run.Page.Token == "" {
		if err := rq.Offered(doc, p); err != nil {
			return nil, err
		}
	} else {
		before, err := rq.PlanOfPage(run.Page)
		if err != nil {
			return nil, err
		}
		doc.MakeDry()
		doc.Confirm = run.Page.Token
		if differences := plan.Compare(before.Receipts, p.Receipts); len(differences) > 0 {
			doc.Remarks = append(doc.Remarks, plan.Differs(differences[0].Text(rq.Actor.Zone)))
		}
	}
	if doc.Receipts != nil {
		doc.Receipts, doc.Part = doc.Receipts.Unsaved().Page(run.Page.Of(len(doc.Receipts)))
		doc.Part.Next = run.Page.Next(doc.Confirm, doc.Part.Lines())
	} else {
		doc.Bulk = run.Report(doc.Confirm, handle)
	}
	return doc, nil
}

// PlanOfPage returns the plan of the dry run that a page continues.
func (rq *Request) PlanOfPage(page plan.Page) (plan.Plan, error) {
	p, done, err := rq.Planned(page.Token)
	switch {
	case errors.Is(err, errNotValid):
		err = crm.Errorf(crm.InvalidCursor, "cursor=%s continues no dry run of this request: it is mistyped, over 15 minutes old, or of another request, body or user. Nothing was saved. Begin a new dry run without cursor.",
			norm.Quote(rq.Params.Get("cursor"))).On("cursor")
	case err == nil && done != nil:
		err = crm.Errorf(crm.InvalidCursor, "what this dry run showed is done already. Begin a new one without cursor.").On("cursor")
	}
	return p, err
}

// Offered makes the answer of a write that of its dry run, with a token for the plan.
func (rq *Request) Offered(doc *render.Response, p plan.Plan) error {
	doc.MakeDry()
	rq.bodyDigest()
	return rq.Update(func(tx *store.Tx) (err error) {
		doc.Confirm, err = rq.Offer(tx, p)
		return err
	})
}

// A record to which many refer is deleted or merged, and these follow in steps. They have no receipts. Instead
// they are counted, just before the transaction, since it may take longer than a transaction may. What another
// one writes between the two is not counted.

// FollowsLater notes in the function of a write that what refers to a record follows in steps.
func (rq *Request) FollowsLater(rec crm.Record) { rq.later = append(rq.later, rec) }

// run runs the function of a write, which may have run before.
func (rq *Request) run(tx *store.Tx, fn Work) (*render.Response, error) {
	rq.later = nil
	return fn(tx)
}

// errUncounted ends a transaction in which records follow that were not counted before it.
var errUncounted = errors.New("what follows is not counted yet")

// otherReceipts returns the receipts that are not of changes: of what follows in steps, and of lines that fail.
func (rq *Request) otherReceipts(doc *render.Response) (list []plan.Receipt, err error) {
	list = plan.FailedLines(doc.Receipts)
	for _, rec := range rq.later {
		counts, known := rq.counts[rec.Handle()]
		if !known {
			return nil, errUncounted
		}
		list = append(list, plan.Counted(rec, counts)...)
	}
	return list, nil
}

// count counts what follows in steps.
func (rq *Request) count() error {
	for _, rec := range rq.later {
		if _, err := rq.Dependents(rec); err != nil {
			return err
		}
	}
	return nil
}

// Dependents counts the records that refer to one, once for a request.
func (rq *Request) Dependents(rec crm.Record) (counts []crm.Count, err error) {
	counts, known := rq.counts[rec.Handle()]
	if known {
		return counts, nil
	}
	all, err := rq.adapter.store.Dependents(rq.Context(), rq.Actor, rec.Entity, []int64{rec.Key})
	if err != nil {
		return nil, err
	}
	if rq.counts == nil {
		rq.counts = map[string][]crm.Count{}
	}
	rq.counts[rec.Handle()] = all[rec.Key]
	return all[rec.Key], nil
}
