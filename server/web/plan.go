package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/changelog"
	"crmkit/store/dryrun"
)

// PlanParams are the parameters of a route whose writes have dry runs.
var PlanParams = []string{"dry_run", "confirm"}

// hasDryRuns reports whether the writes of a route have dry runs.
func (r *Route) hasDryRuns() bool { return slices.Contains(r.Params, PlanParams[0]) }

// Planning is what a request says about dry runs.
type Planning struct {
	DryRun bool
	Token  string // of the dry run that it confirms; empty: none
}

// Planning reads the parameters dry_run and confirm. An empty confirm is refused: a client that
// lost the token does not mean to write without it.
func (rq *Request) Planning() (p Planning, fault *crm.Error) {
	if p.DryRun, fault = rq.IsOn("dry_run"); fault != nil {
		return p, fault
	}
	p.Token = rq.Params.Get("confirm")
	switch {
	case p.DryRun && rq.Params.Has("confirm"):
		return p, crm.Errorf(crm.InvalidValue, "dry_run=1 saves nothing, and confirm= saves: leave dry_run out to save what the dry run showed.").On("dry_run")
	case p.Token == "" && rq.Params.Has("confirm") && rq.Route.hasDryRuns():
		return p, crm.Errorf(crm.InvalidValue, "confirm= is empty: send the token of a dry run, or leave confirm out.").On("confirm")
	case p.Token != "":
		rq.bodyDigest()
	}
	return p, nil
}

// IsOn reads a parameter that is on or off, off if it is missing. Other values are refused: to
// take dry_run=maybe for off would save something.
func (rq *Request) IsOn(name string) (bool, *crm.Error) {
	switch value := rq.Params.Get(name); strings.ToLower(value) {
	case "1", "true", "yes":
		return true, nil
	case "", "0", "false", "no":
		return false, nil
	default:
		return false, crm.Errorf(crm.InvalidValue, "%s=%s: write %s=1, or leave it out.", name, norm.Quote(value), name).On(name)
	}
}

// Offer is the error of a write that needs a confirmation and has no valid one. The handler makes
// confirmation_required of it, with the token.
type Offer struct {
	Token string
	Sent  string // the token that came with the request and is not valid; empty: none came
}

func (o *Offer) Error() string { return "not confirmed" }

// errNotValid is the error of a token that does not confirm this request.
var errNotValid = errors.New("the token is not valid for the request")

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
	if doc, err = rq.dryRun(fn); err != nil {
		return nil, err
	}
	return nil, &Offer{Token: doc.Confirm, Sent: p.Token}
}

// dryRunMemory is the most bytes that the dry run of a write in one transaction remembers.
const dryRunMemory = 16 << 20

// dryRun runs a write, takes it back, and returns its answer with the token that does the same in
// earnest.
func (rq *Request) dryRun(fn Work) (doc *render.Response, err error) {
	var receipts []plan.Receipt
	err = rq.DryRunStep(dryrun.New(dryRunMemory), func(tx *store.Tx) (err error) {
		tx.RecordChanges()
		doc, err = fn(tx)
		receipts = plan.Of(tx.Changes())
		return err
	})
	if err != nil {
		return nil, err
	}
	return rq.Offered(doc, plan.Plan{Receipts: receipts})
}

// Offered makes the answer of a write that of its dry run: with a token for the plan, and without the id
// of the record that it would make.
func (rq *Request) Offered(doc *render.Response, p plan.Plan) (_ *render.Response, err error) {
	doc.DryRun, doc.Version, doc.Status = true, 0, 0
	if doc.Result == store.Created && doc.Line != nil {
		line := doc.Line.Unsaved()
		doc.Line = &line
	}
	doc.Receipts = doc.Receipts.Unsaved()
	rq.bodyDigest()
	err = rq.Update(func(tx *store.Tx) (err error) {
		doc.Confirm, err = rq.Offer(tx, p)
		return err
	})
	return doc, err
}

// Offer stores a plan of the request, and returns the token that confirms it.
func (rq *Request) Offer(tx *store.Tx, p plan.Plan) (token string, err error) {
	if token, err = auth.ConfirmToken(tx.Random()); err != nil {
		return "", err
	}
	decided, err := p.Encode()
	if err != nil {
		return "", err
	}
	return token, account.SaveConfirmation(tx, account.Confirmation{Hash: auth.Hash(token), Request: rq.planned(), Body: rq.bodyDigest(), Decided: decided})
}

// planned names what the request does, besides its body.
func (rq *Request) planned() string { return plan.RequestOf(rq.Method, rq.Path, rq.Params) }

// confirmed runs a confirmed write. If it does not do what its plan says, the transaction saves
// nothing but another token.
func (rq *Request) confirmed(tx *store.Tx, token string, fn Work) (doc *render.Response, err error) {
	p, done, err := rq.Confirmed(tx, token)
	if done != nil || err != nil {
		return done, err
	}
	var now []plan.Receipt
	var differences []plan.Difference
	err = tx.Savepoint(func() (err error) {
		tx.RecordChanges()
		if doc, err = fn(tx); err != nil {
			return err
		}
		now = plan.Of(tx.Changes())
		if differences = plan.Compare(p.Receipts, now); len(differences) > 0 {
			return errStale
		}
		return nil
	})
	if errors.Is(err, errStale) {
		fault, err := rq.Stale(tx, differences, plan.Plan{Receipts: now, State: p.State})
		if err != nil {
			return nil, err
		}
		return nil, tx.CommitWithError(fault)
	}
	if err != nil {
		return nil, err
	}
	return doc, rq.Spend(tx, token, doc)
}

// errStale takes back a write that does not do what its plan says.
var errStale = errors.New("the plan is stale")

// Confirmed returns the plan that a token of the request confirms. done is the answer of a write
// that is done already.
func (rq *Request) Confirmed(tx *store.Tx, token string) (p plan.Plan, done *render.Response, err error) {
	c, found, err := account.ConfirmationOf(tx, auth.Hash(token))
	switch request := rq.planned(); {
	case err != nil:
		return p, nil, err
	case !found:
		return p, nil, notValid{plan.Unknown(token)}
	case c.Request != request:
		return p, nil, notValid{plan.OtherRequest(token, c.Request, request)}
	case c.Body != rq.bodyDigest():
		return p, nil, notValid{plan.OtherBody(token)}
	case c.Answer != "":
		done, err = rq.alreadyDone(tx, token)
		return p, done, err
	}
	p, err = plan.Decode(c.Decided)
	return p, nil, err
}

// notValid is the error of a token that is not valid for the request.
type notValid struct{ fault *crm.Error }

func (n notValid) Error() string   { return n.fault.Error() }
func (n notValid) Unwrap() []error { return []error{n.fault, errNotValid} }

// answerKey names the stored answer of a confirmed write. No Idempotency-Key has a line break.
func answerKey(token string) string { return hashed("confirm\n" + token) }

// Spend uses up the token of a confirmed write, and stores the answer for those who ask again.
func (rq *Request) Spend(tx *store.Tx, token string, doc *render.Response) error {
	answer := rq.savedResponse(answerKey(token), doc)
	answer.Uncapped = true // the write itself was within its plan
	if err := tx.SaveIdempotentResponse(answer); err != nil {
		return err
	}
	return account.FinishConfirmation(tx, auth.Hash(token), "stored")
}

// TransactLast runs the last transaction of a confirmed write that takes several, and spends the token
// in it. If another request did so first, the answer is that of the other.
func (rq *Request) TransactLast(token string, fn Work) (*render.Response, error) {
	return rq.transact(func(tx *store.Tx) (*render.Response, error) {
		if _, done, err := rq.Confirmed(tx, token); done != nil || err != nil {
			return done, err
		}
		doc, err := fn(tx)
		if err != nil {
			return nil, err
		}
		return doc, rq.Spend(tx, token, doc)
	})
}

// alreadyDone returns the stored answer of a confirmed write.
func (rq *Request) alreadyDone(tx *store.Tx, token string) (*render.Response, error) {
	stored, found, err := tx.IdempotentResponse(answerKey(token))
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notValid{plan.Unknown(token)}
	}
	return rq.storedAnswer(stored, mark{"already done", "already_done"}), nil
}

// present returns the record with a handle as it is; nil if it is not there.
func (rq *Request) present(tx *store.Tx, handle string) (*crm.Record, error) {
	kind, id, is := strings.Cut(handle, "/")
	e := rq.adapter.schema.ByName(kind)
	if !is || e == nil {
		return nil, nil
	}
	key, wrong := crm.ParseID(e, tx.Actor.Workspace, id)
	if wrong != crm.IDOK {
		return nil, nil
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil {
		return nil, err
	}
	return &rec, nil
}

// done are the actions of the log as verbs of the past.
var done = map[string]string{"create": "created", "update": "changed", "delete": "deleted", "merge": "merged"}

// Stale returns the error for a plan that does not hold any more, with a token for what would be
// done now.
func (rq *Request) Stale(tx *store.Tx, differences []plan.Difference, now plan.Plan) (*crm.Error, error) {
	token, err := rq.Offer(tx, now)
	if err != nil {
		return nil, err
	}
	first := differences[0]
	what := first.Text(rq.Actor.Zone)
	last, found, err := changelog.LastOf(tx.Rows, tx.Actor.Workspace, first.Record, first.Field)
	if err != nil {
		return nil, err
	}
	if found {
		what += fmt.Sprintf("; %s %s it", cmp.Or(last.By, "the server"), done[last.Action])
	}
	if n := len(differences) - 1; n > 0 {
		what += fmt.Sprintf(". %d more differ", n)
	}
	fault := crm.Errorf(crm.PlanStale, "the plan does not hold any more: %s. Nothing was saved. If that is right, repeat with confirm=%s; to see all of it first, with dry_run=1.", what, token).On(first.Field)
	fault.Confirm = token
	fault.Record, err = rq.present(tx, first.Record)
	return fault, err
}
