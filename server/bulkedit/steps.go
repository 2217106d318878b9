package bulkedit

import (
	"encoding/json"
	"errors"

	"crmkit/crm"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/store"
)

// steps is a confirmed write in several transactions.
type steps struct {
	*run
	planned  map[string]string // digests by record
	at       int               // records that are done
	versions map[int64]int64   // of the next ones that still match
	attempt  int               // how often the next step was tried
}

// inSteps writes the records in several transactions, from the place to which the last one came.
func (c *run) inSteps() (*render.Response, error) {
	began, err := c.began()
	if err == nil && !began {
		err = c.rq.FailsNow(c.plan, c.check())
	}
	if err != nil {
		return nil, err
	}
	s := &steps{run: c, planned: digests(c.plan.Receipts)}
	for {
		doc, err := s.next()
		if doc != nil || err != nil {
			return doc, stopped(err, s.at)
		}
	}
}

// next does the next step, of whose records it first reads whether they still match. doc is the answer
// after the last step.
func (s *steps) next() (doc *render.Response, err error) {
	s.versions, err = s.run.versions(s.state.Keys[s.at:min(s.at+s.x.StepRecords, len(s.state.Keys))])
	if err != nil {
		return nil, err
	}
	if s.attempt++; s.attempt >= maxAttempts {
		s.versions = anyVersion(s.versions)
	}
	from, at := s.at, s.at
	doc, err = s.rq.TransactStep(s.token, func(tx *store.Tx, place string) (next string, doc *render.Response, err error) {
		g := progress{More: s.more}
		if place != "" {
			g = progress{}
			if err := json.Unmarshal([]byte(place), &g); err != nil {
				return "", nil, err
			}
		}
		if at = g.At; at != from { // another request confirms the same token
			return "", nil, errAgain
		}
		if err = s.step(tx, &g); err != nil {
			return "", nil, err
		}
		if at = g.At; at == len(s.state.Keys) {
			return "", s.answer(g), nil
		}
		place, err = g.encode()
		return place, nil, err
	})
	if err != nil && !errors.Is(err, errAgain) {
		return nil, err
	}
	if at != from {
		s.at, s.attempt = at, 0
	}
	return doc, nil
}

// step writes the next records in a running transaction.
func (s *steps) step(tx *store.Tx, g *progress) error {
	before, err := tx.Counters()
	if err != nil {
		return err
	}
	if g.Group != 0 {
		tx.Join(g.Group)
	}
	p, err := s.write(tx, s.state.Keys[g.At:], s)
	if err != nil {
		return err
	}
	if p.changedSince(s.versions) {
		return errAgain
	}
	sum := s.counting(s.state.Later)
	sum.add(p)
	g.add(sum)
	g.At += len(p.outcomes)
	after, err := tx.Counters()
	if err == nil && g.Group == 0 && after.Last > before.Last {
		g.Group, err = tx.Group()
	}
	return err
}

// began reports whether an earlier run has written some records.
func (c *run) began() (began bool, err error) {
	err = c.rq.Update(func(tx *store.Tx) (err error) {
		began, err = c.rq.Began(tx, c.token)
		return err
	})
	return began, err
}

// check compares another dry run with the plan. If they differ, and no other request has begun
// meanwhile, the error is plan_stale.
func (c *run) check() error {
	versions, err := c.match()
	if err != nil {
		return err
	}
	keys, differences := c.still(versions)
	now, err := c.try(keys)
	if err != nil {
		return err
	}
	differences = append(differences, plan.Compare(c.unlessGone(differences), now.receipts)...)
	if len(differences) == 0 {
		return nil
	}
	return c.rq.Update(func(tx *store.Tx) error {
		if began, err := c.rq.Began(tx, c.token); began || err != nil {
			return err
		}
		return c.stale(tx, differences, now)
	})
}

// stopped adds to an error between two steps that the write can be brought to its end.
func stopped(err error, at int) error {
	var known *crm.Error
	if at == 0 || !errors.As(err, &known) {
		return err
	}
	halfway := *known // the error may be shared
	halfway.Hint += " A part of the records was written before. Send the same request with the same confirm= again for the rest; nothing is done twice."
	return &halfway
}
