package view

import (
	query "crmkit/query/aggregate"
	"crmkit/store/aggregate"
	"crmkit/store/list"
)

// Numbers answers a request for numbers.
//
// Errors: invalid_filter, see aggregate.Reader.
func (v *View) Numbers(q *query.Question) (lines aggregate.Lines, err error) {
	if lines, answered, err := v.keptNumbers(q); answered || err != nil {
		return lines, err
	}
	r, path, err := v.find(q.Query)
	switch {
	case err != nil:
		return lines, err
	case path.MatchesNothing():
		lines.Table = query.NewTable(q)
		return lines, nil
	case q.TotalOnly:
		page := list.Page{More: true} // not all records are on a page, so they are counted
		err = r.Total(v.ctx, path, &page)
		return aggregate.Lines{Total: page.Total}, err
	}
	path.Pass = !q.IsCovered()
	rows, err := r.Matching(v.ctx, path)
	if err != nil {
		return lines, err
	}
	reader := &aggregate.Reader{Tx: r.Tx, Entity: q.Query.Entity, Workspace: v.actor.Workspace, Zone: v.actor.Zone, Tables: aggregate.Present{}}
	return reader.Read(v.ctx, q, rows)
}

// keptNumbers answers from the sums that the store keeps, if these have the answer.
func (v *View) keptNumbers(q *query.Question) (lines aggregate.Lines, answered bool, err error) {
	if q.Query.Entity.Sums == nil {
		return lines, false, nil
	}
	r, err := v.reader(q.Query.Entity)
	if err != nil || r.Filtered() {
		return lines, false, err
	}
	reader := &aggregate.Reader{Tx: r.Tx, Entity: q.Query.Entity, Workspace: v.actor.Workspace, Tables: aggregate.Present{}}
	return reader.Kept(v.ctx, q)
}

// Numbers answers a request for numbers.
//
// Errors: those of View.Numbers.
func (p PastView) Numbers(q *query.Question) (lines aggregate.Lines, err error) {
	r, err := p.view.reader(q.Query.Entity)
	if err != nil {
		return lines, err
	}
	return p.past.Numbers(r, p.view.actor, q)
}
