package web

import (
	"errors"
	"slices"
	"strings"

	"crmkit/auth"
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
	"crmkit/store/account"
	"crmkit/store/erase"
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
	case rq.Params.Has("cursor") && !p.DryRun && rq.Route.hasDryRuns():
		return p, crm.Errorf(crm.InvalidValue, "cursor= continues a dry run: send it with dry_run=1.").On("cursor")
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

// errNotValid is the error of a token that does not confirm this request.
var errNotValid = errors.New("the token is not valid for the request")

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

// transactPlanned runs a write that a token confirms.
func (rq *Request) transactPlanned(token string, fn Work) (doc *render.Response, err error) {
	p, _, err := rq.readPlan(token)
	if err != nil {
		return nil, err
	}
	for {
		doc, err = rq.transact(func(tx *store.Tx) (*render.Response, error) { return rq.confirmed(tx, token, confirmedWork{fn, p}) })
		if !errors.Is(err, errUncounted) {
			return doc, err
		}
		if err = rq.count(); err != nil {
			return nil, err
		}
	}
}

// confirmedWork is a write and its plan.
type confirmedWork struct {
	fn   Work
	plan plan.Plan
}

// confirmed runs a confirmed write. If it does not do what its plan says, the transaction saves
// nothing but another token.
func (rq *Request) confirmed(tx *store.Tx, token string, work confirmedWork) (doc *render.Response, err error) {
	if done, err := rq.Confirmed(tx, token); done != nil || err != nil {
		return done, err
	}
	var now []plan.Receipt
	var differences []plan.Difference
	err = tx.Savepoint(func() (err error) {
		tx.RecordChanges()
		if doc, err = rq.run(tx, work.fn); err != nil {
			return err
		}
		others, err := rq.otherReceipts(doc)
		if err != nil {
			return err
		}
		now = append(plan.Of(tx.Changes()), others...)
		if differences = plan.Compare(work.plan.Receipts, now); len(differences) > 0 {
			return errStale
		}
		return nil
	})
	if errors.Is(err, errStale) {
		fault, err := rq.Stale(tx, differences, plan.Plan{Receipts: now, State: work.plan.State})
		if err != nil {
			return nil, err
		}
		return nil, tx.CommitWithError(fault)
	}
	if err != nil {
		if known := (*crm.Error)(nil); !errors.As(err, &known) {
			return nil, errors.Join(err, ErrFailsNow)
		}
		return nil, rq.staleBy(tx, work.plan, err)
	}
	return doc, rq.Spend(tx, token, doc)
}

// errStale takes back a write that does not do what its plan says.
var errStale = errors.New("the plan is stale")

// Planned returns the plan that a token of the request confirms. A plan may be large, so it is read before the
// transaction, in which Confirmed then says whether the token is still valid. done is the answer of a write
// that is done already.
func (rq *Request) Planned(token string) (p plan.Plan, done *render.Response, err error) {
	p, spent, err := rq.readPlan(token)
	if err == nil && spent {
		err = rq.Update(func(tx *store.Tx) (err error) {
			done, err = rq.alreadyDone(tx, token)
			return err
		})
	}
	return p, done, err
}

// readPlan returns the plan of a token, which is empty if the token is spent.
func (rq *Request) readPlan(token string) (p plan.Plan, spent bool, err error) {
	c, found, err := account.FindConfirmation(rq.Context(), rq.adapter.store, rq.Actor, auth.Hash(token))
	if err == nil && !found {
		err = notValid{plan.Unknown(token)}
	}
	if err == nil {
		err = rq.checkToken(token, c)
	}
	if err != nil || c.Answer != "" {
		return p, c.Answer != "", err
	}
	p, err = plan.Decode(c.Decided)
	return p, false, err
}

// Confirmed checks in the transaction of a confirmed write that its token is valid. done is the answer of a
// write that is done already.
func (rq *Request) Confirmed(tx *store.Tx, token string) (done *render.Response, err error) {
	c, found, err := account.ConfirmationOf(tx, auth.Hash(token))
	if err == nil && !found {
		err = notValid{plan.Unknown(token)}
	}
	if err == nil {
		err = rq.checkToken(token, c)
	}
	if err == nil && c.Answer != "" {
		return rq.alreadyDone(tx, token)
	}
	return nil, err
}

// checkToken returns the error for a token that is not one of the request.
func (rq *Request) checkToken(token string, c account.Confirmation) error {
	switch request := rq.planned(); {
	case c.Request != request && c.Request != erase.Digest(request): // a purge leaves the digest
		return notValid{plan.OtherRequest(token, c.Request, request)}
	case c.Body != rq.bodyDigest():
		return notValid{plan.OtherBody(token)}
	}
	return nil
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
	fn = withChange(fn)
	return rq.transact(func(tx *store.Tx) (*render.Response, error) {
		if done, err := rq.Confirmed(tx, token); done != nil || err != nil {
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
