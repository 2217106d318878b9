package view

import (
	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/past"
)

// PastLimits bound what a question about the past takes back.
type PastLimits = past.Limits

// PastView answers questions about the workspace as it was at a place, of the moment of its View.
type PastView struct {
	view *View
	past *past.Past
}

// Locate returns the place that a request asks for, and the number of the last entry of the log.
//
// Errors: those of past.Locate, and not_ready while the steps of a delete, a merge or a purge run.
func (v *View) Locate(ask past.Asked) (place past.Place, last int64, err error) {
	r, err := v.reader(v.reads.schema.Entities[0]) // any entity: only the moment matters
	if err != nil {
		return place, 0, err
	}
	doomed, err := v.reads.doomed(v.ctx, v.rows, v.actor.Workspace)
	if err != nil {
		return place, 0, err
	}
	if r.Filtered() || !doomed.None() {
		return place, 0, crm.Errorf(crm.NotReady, "a large delete, merge or purge is being finished, and the past can be read after that. Ask again in a few seconds.")
	}
	return past.Locate(v.ctx, v.rows, v.actor.Workspace, ask)
}

// Past returns the workspace as it was, for questions about some kinds.
//
// Errors: invalid_value if too much has changed since.
func (v *View) Past(in past.Question) (PastView, error) {
	reader := past.Reader{Schema: v.reads.schema, Tables: v.reads.tables, Limits: v.reads.pastLimits}
	p, err := reader.Read(v.ctx, v.rows, v.actor.Workspace, in)
	return PastView{v, p}, err
}

// List answers a question.
func (p PastView) List(q *query.Query) (list.Page, error) {
	r, err := p.view.reader(q.Entity)
	if err != nil {
		return list.Page{}, err
	}
	return p.past.List(r, p.view.actor, q)
}

// Record returns the record to which a key led.
//
// Errors: not_found.
func (p PastView) Record(e *crm.Entity, key int64) (crm.Record, error) {
	return p.past.Record(e, key, func(key int64) (crm.Record, error) { return p.view.Record(e, key) })
}
