package undo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/dryrun"
	"crmkit/store/undo"
)

// maxMemory is the most bytes that a dry run remembers of the records that it changes.
const maxMemory = 64 << 20

// state is what the plan of a large undo has.
type state struct {
	Scope   undo.Scope `json:"scope"` // with its end
	Entries int64      `json:"entries"`
}

// large undoes more than one transaction may. Its dry run tries the last changes, and counts all of them.
func (c *call) large() (*render.Response, error) {
	if c.asked.Token != "" {
		return c.confirmed(c.asked.Token)
	}
	scope := c.scope
	scope.End = c.survey.End
	var doc *render.Response
	err := c.rq.DryRunStep(dryrun.New(maxMemory), func(tx *store.Tx) error {
		if err := c.permitted(tx.Actor.Role); err != nil {
			return err
		}
		p := undo.Start(scope)
		outcomes, _, err := undo.Step(tx, scope, p, undo.Limit{Entries: c.x.StepEntries, Until: time.Now().Add(stepTime)})
		doc = c.answer(p, outcomes)
		c.countAll(doc)
		return err
	})
	if err != nil {
		return nil, err
	}
	changed, err := undo.ChangedSince(c.rq.Context(), c.x.store, c.rq.Actor, scope)
	if err != nil {
		return nil, err
	}
	if changed > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("%d of their records were changed since by other writes: what those wrote stays, and the answer counts it as kept", changed))
	}
	if err = c.offered(doc, scope); err != nil {
		return nil, err
	}
	if doc.Bulk = c.paged(doc.Bulk, doc.Confirm); c.asked.DryRun {
		return doc, nil
	}
	return c.confirmation(&web.Offer{Report: doc}), nil
}

// countAll has an answer count what the undo does at most, as the log has it, instead of what the dry run tried.
func (c *call) countAll(doc *render.Response) {
	tried, parts := 0, []string{}
	for _, n := range doc.Bulk.Counts {
		if tried += n.N; n.N > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.N, n.Name))
		}
	}
	most := c.survey.AtMost()
	for i, n := range doc.Bulk.Counts {
		doc.Bulk.Counts[i].N = most[n.Name]
	}
	doc.Remarks = append(doc.Remarks, fmt.Sprintf("that is at most, from the log of all %d changes; tried were the last %d of them: %s", c.survey.Entries, tried, strings.Join(parts, ", ")))
}

// offered makes an answer that of a dry run, with a token. A further page has that of the first one.
func (c *call) offered(doc *render.Response, scope undo.Scope) (err error) {
	if c.page.Token != "" {
		doc.MakeDry()
		doc.Confirm = c.page.Token
		_, err = c.rq.PlanOfPage(c.page)
		return err
	}
	p := plan.Plan{}
	if p.State, err = json.Marshal(state{scope, c.survey.Entries}); err != nil {
		return err
	}
	return c.rq.Offered(doc, p)
}

// confirmed undoes in steps what a token stands for, from the place to which the last one came.
func (c *call) confirmed(token string) (doc *render.Response, err error) {
	p, done, err := c.rq.Planned(token)
	if done != nil || err != nil {
		return done, err
	}
	var s state
	if len(p.State) == 0 || json.Unmarshal(p.State, &s) != nil || s.Scope.End == 0 {
		return nil, plan.Unknown(token)
	}
	for steps := 0; ; steps++ {
		doc, err = c.rq.TransactStep(token, func(tx *store.Tx, place string) (string, *render.Response, error) {
			return c.step(tx, s.Scope, place)
		})
		if doc != nil || err != nil {
			return doc, stopped(err, steps)
		}
	}
}

// step does the next step in a running transaction.
func (c *call) step(tx *store.Tx, scope undo.Scope, place string) (next string, doc *render.Response, err error) {
	if err := c.permitted(tx.Actor.Role); err != nil {
		return "", nil, err
	}
	p := undo.Start(scope)
	if place == "" {
		err = c.unchanged(tx, scope)
	} else {
		p, err = undo.Decode(place)
	}
	if err != nil {
		return "", nil, err
	}
	before, err := tx.Counters()
	if err != nil {
		return "", nil, err
	}
	if p.Group != 0 {
		tx.Join(p.Group)
	}
	_, done, err := undo.Step(tx, scope, p, undo.Limit{Entries: c.x.StepEntries, Until: time.Now().Add(stepTime)})
	if err != nil {
		return "", nil, err
	}
	after, err := tx.Counters()
	if err == nil && p.Group == 0 && after.Last > before.Last {
		p.Group, err = tx.Group()
	}
	if err != nil {
		return "", nil, err
	}
	if done {
		return "", c.whole(p), nil
	}
	next, err = p.Encode()
	return next, nil, err
}

// maxNamed is how many records an error names that were changed after the dry run.
const maxNamed = 5

// unchanged returns plan_stale if a record of a scope was changed after its dry run, which did not try all of it.
// Records that were tied to those of the scope meanwhile, and values that others took, are left to the steps, which keep
// what they must.
func (c *call) unchanged(tx *store.Tx, scope undo.Scope) error {
	newer, many, err := undo.NewerThan(tx, scope, maxNamed)
	switch {
	case err != nil:
		return err
	case many:
		return crm.Errorf(crm.PlanStale, "%d changes were saved in the workspace since the dry run, so it may not hold any more. Nothing was undone; send the request again without confirm= for another.", newer.Entries)
	case len(newer.Records) == 0:
		return nil
	}
	var list []plan.Difference
	for _, handle := range newer.Records {
		list = append(list, plan.Newer(handle))
	}
	p := plan.Plan{}
	scope.End += newer.Entries
	if p.State, err = json.Marshal(state{scope, c.survey.Entries}); err != nil {
		return err
	}
	fault, err := c.rq.Stale(tx, list, p)
	if err != nil {
		return err
	}
	return tx.CommitWithError(fault)
}

// whole is the answer after the last step, which names what was kept.
func (c *call) whole(p *undo.Place) *render.Response {
	var outcomes []undo.Outcome
	for _, k := range p.Kept {
		outcomes = append(outcomes, undo.Outcome{Handle: k.Record, Result: undo.Skipped, Kept: []undo.Kept{k}})
	}
	return c.answer(p, outcomes)
}

// stopped adds to an error between two steps that the undo can be brought to its end.
func stopped(err error, steps int) error {
	var known *crm.Error
	if steps == 0 || !errors.As(err, &known) {
		return err
	}
	halfway := *known // the error may be shared
	halfway.Hint += " A part was undone before. Send the same request with the same confirm= again for the rest; nothing is done twice."
	return &halfway
}
