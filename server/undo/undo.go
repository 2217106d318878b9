// Package undo has the endpoint that takes back what a change group, a run, or the last change of a record
// did (store/undo).
//
// What an undo writes needs the same rights as if the user wrote it: of the changes only their author or an
// admin takes them back, and a token must have scope full where records would be deleted. An undo that
// deletes or merges records, or has more than a few changes, is confirmed after a dry run, like a bulk edit.
// Small ones are one transaction. Large ones run in steps, and on after a kill with the same token.
package undo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/undo"
)

// Limits of an undo.
const (
	unasked    = 20                    // changes that need no confirmation, unless they delete or merge records
	stepTime   = 60 * time.Millisecond // after which a step ends, see package bulkedit
	settleTime = 5 * time.Second       // how long an undo waits for what follows from the changes
)

// Endpoints are the handlers of undos.
type Endpoints struct {
	store *store.Store

	// AtOnce is up to how many changes are undone in one transaction. StepEntries is how many a step undoes at most.
	AtOnce, StepEntries int
}

// New returns handlers on a store.
func New(s *store.Store) *Endpoints {
	x := &Endpoints{s, 600, 300}
	if s.Shared() { // where a change takes several times as long
		x.AtOnce = 150
	}
	return x
}

// Routes returns the routes of undos.
func (x *Endpoints) Routes() []web.Route {
	return []web.Route{{Method: "POST", Path: "/undo", Access: web.Write, Group: "work", Doc: "take back what was written (/help/undo)",
		Texts: []string{"change", "run", "record", "by"}, Params: web.PagedParams, Handle: x.handle}}
}

// call is an undo on its way through its request.
type call struct {
	x      *Endpoints
	rq     *web.Request
	name   string // of what is undone, for answers
	scope  undo.Scope
	survey undo.Survey
	before undo.Earlier     // what undid all of it already
	idle   *render.Response // the answer if nothing is left to undo
	asked  web.Planning

	page     plan.Page // what a dry run shows
	outcomes int       // of which it shows a page
}

// handle answers POST /undo.
//
// Errors: those of a body, not_found for what is undone, cursor_expired if the log does not have all of it any
// more, part_of_change, admin_required, scope_required, not_ready while what follows from the changes is not
// done, confirmation_required, plan_stale, plan_limit_reached.
func (x *Endpoints) handle(rq *web.Request) (doc *render.Response, err error) {
	c := &call{x: x, rq: rq}
	var fault *crm.Error
	if c.asked, fault = rq.Planning(); fault != nil {
		return nil, fault
	}
	if c.page, fault = plan.ParsePage(rq.Params); fault != nil {
		return nil, fault
	}
	body, fault := rq.TextBody()
	if fault != nil {
		return nil, fault
	}
	if doc, err := c.saved(); doc != nil || err != nil {
		return doc, err
	}
	if err := c.find(body); err != nil {
		return nil, err
	}
	if err := c.look(); err != nil {
		return nil, err
	}
	if doc := c.undoneAlready(); doc != nil {
		return doc, nil
	}
	if c.survey.Entries > int64(x.AtOnce) {
		return c.large()
	}
	return c.small()
}

// small undoes all in one transaction.
func (c *call) small() (doc *render.Response, err error) {
	rq := c.rq
	transact := rq.Transact
	if c.survey.Removes() > 0 || c.survey.Entries > unasked {
		transact = rq.TransactConfirmed
	}
	var shown *render.Bulk // of the dry run too, which else would list records and not what is kept of them
	doc, err = transact(func(tx *store.Tx) (*render.Response, error) {
		doc, err := c.once(tx)
		if err == nil {
			shown = doc.Bulk
		}
		return doc, err
	})
	var offer *web.Offer
	switch {
	case c.idle != nil && errors.As(err, &offer):
		return c.idle, nil
	case errors.As(err, &offer):
		offer.Report.Bulk = c.paged(shown, offer.Report.Confirm)
		return c.confirmation(offer), nil
	case err == nil && doc.DryRun:
		doc.Bulk = c.paged(shown, doc.Confirm) // which says what is kept, too
	}
	return doc, err
}

// saved returns the answer of an earlier request with the same Idempotency-Key, or the same token. It comes before all
// else, since what is the last change of a record is another one by now.
func (c *call) saved() (done *render.Response, err error) {
	if done, err = c.rq.SavedAnswer(); done != nil || err != nil || c.asked.Token == "" {
		return done, err
	}
	_, done, err = c.rq.Planned(c.asked.Token)
	var fault *crm.Error
	if errors.As(err, &fault) { // the token is not valid, which is said where it is needed
		return nil, nil
	}
	return done, err
}

// look surveys what is undone, and checks that the actor may undo it.
func (c *call) look() (err error) {
	if c.survey, err = undo.Look(c.rq.Context(), c.x.store, c.rq.Actor, c.scope); err != nil {
		return err
	}
	switch {
	case !c.survey.First && len(c.survey.Actions) > 0:
		return crm.Errorf(crm.CursorExpired, "the log does not have all of %s any more, so it cannot be undone: the log is kept for a time only. GET /changes shows what it has.", c.name)
	case !c.survey.First:
		return crm.Errorf(crm.NotFound, "there is no %s, or the log does not have it any more. GET /changes shows the groups of all changes that are kept.", c.name)
	case c.scope.Group != 0 && c.survey.Group != 0:
		id := changelog.GroupID(c.rq.Actor.Workspace, c.survey.Group)
		return crm.Errorf(crm.NotFound, `there is no %s: the change of that number is one of change group %s. POST /undo {"change":"%s"} undoes that; GET /changes/%s shows it.`, c.name, id, id, id).On("change")
	case c.survey.Entries == 0:
		return crm.Errorf(crm.InvalidValue, "%s changed no record, and %s: %s.", c.name, neverUndone, c.opposites(c.survey.Actions))
	}
	if c.survey.Run == c.rq.Actor.Run && c.survey.Author == c.rq.Actor.Email { // an undo is never part of the run that it undoes
		c.rq.Actor.Run = ""
	}
	if c.survey.Erased == c.survey.Entries {
		return crm.Errorf(crm.Purged, "what %s changed was erased for good, so nothing of it can be undone: only a backup from before has it. GET /audit shows who did what, and when.", c.name)
	}
	if err := c.permitted(c.rq.Actor.Role); err != nil {
		return err
	}
	if c.survey.Removes() > 0 && !crm.ScopeIncludes(c.rq.Actor.Scope, crm.ScopeFull) {
		return c.rq.ScopeError(crm.ScopeFull)
	}
	if c.before, err = undo.EarlierOf(c.rq.Context(), c.x.store, c.rq.Actor, c.scope); err != nil {
		return err
	}
	return c.settle()
}

// permitted checks that the actor, with a role, may undo the changes.
func (c *call) permitted(role string) error {
	if role == crm.RoleAdmin || c.survey.Author == c.rq.Actor.Email {
		return nil
	}
	return crm.Errorf(crm.AdminRequired, "%s is by %s: only they or an admin may undo it.", c.name, author(c.survey.Author))
}

// author names who made a change.
func author(email string) string {
	if email == "" {
		return "the server"
	}
	return email
}

// settle waits until what follows from the changes is done, for a while.
func (c *call) settle() (err error) {
	if !c.survey.Running {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.rq.Context(), settleTime)
	defer cancel()
	if err := c.x.store.Settle(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	if c.survey, err = undo.Look(c.rq.Context(), c.x.store, c.rq.Actor, c.scope); err != nil {
		return err
	}
	if c.survey.Running {
		fault := crm.Errorf(crm.NotReady, "what follows from %s is not done yet, since it is about many records. Nothing was undone; send the request again in a minute.", c.name)
		fault.RetryAfter = time.Minute
		return fault
	}
	return nil
}

// once undoes all in a running transaction.
func (c *call) once(tx *store.Tx) (doc *render.Response, err error) {
	if err := c.permitted(tx.Actor.Role); err != nil {
		return nil, err
	}
	scope := c.scope
	scope.End = c.survey.End
	err = tx.Savepoint(func() error {
		p := undo.Start(scope)
		outcomes, done, err := undo.Step(tx, scope, p, undo.Limit{Entries: 2 * c.x.AtOnce})
		if err == nil && !done {
			err = fmt.Errorf("%s has more than %d changes", c.name, 2*c.x.AtOnce)
		}
		if doc, c.idle = c.answer(p, outcomes), nil; err == nil && !p.Wrote {
			err = errIdle
		}
		return err
	})
	if errors.Is(err, errIdle) { // the log does not tell of it
		idle := *doc // the one that is returned may become that of a dry run
		c.idle = &idle
		return doc, nil
	}
	return doc, err
}

// errIdle takes back an undo that undid nothing.
var errIdle = errors.New("nothing was undone")
