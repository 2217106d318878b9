package undo

import (
	"encoding/json"
	"errors"
	"fmt"
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

// large undoes more than one transaction may. Its dry run tries the last changes, and counts the others.
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
		tried := 0
		for _, n := range p.Counts {
			tried += n
		}
		doc = c.answer(p, outcomes)
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("this tried the last %d of %d changes; the others are undone in the same way", tried, c.survey.Entries))
		return err
	})
	if err != nil {
		return nil, err
	}
	p := plan.Plan{}
	if p.State, err = json.Marshal(state{scope, c.survey.Entries}); err != nil {
		return nil, err
	}
	if err = c.rq.Offered(doc, p); err != nil || c.asked.DryRun {
		return doc, err
	}
	return c.confirmation(&web.Offer{Report: doc}), nil
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
	if place != "" {
		if p, err = undo.Decode(place); err != nil {
			return "", nil, err
		}
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

// whole is the answer after the last step, which names what was kept.
func (c *call) whole(p *undo.Place) *render.Response {
	var outcomes []undo.Outcome
	for _, k := range p.Kept[:min(len(p.Kept), shownEffects)] {
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
