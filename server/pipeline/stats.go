package pipeline

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/visits"
)

// stats answers GET on the measures of a pipeline with a line for each stage: what its records did, as their
// histories say. Nothing is made of probabilities.
//
// Errors: not_found.
func (x *Endpoints) stats(rq *web.Request) (doc *render.Response, err error) {
	flow := flowOf(rq.Actor)
	p, fault := x.find(rq, flow)
	if fault != nil {
		return nil, fault
	}
	e := rq.Env.Schema.ByName(p.Kind)
	doc = &render.Response{Page: &render.Page{Noun: "stage", Plural: "stages", Total: int64(len(p.Stages)), Exact: true, Counted: true}}
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		var in []visits.Stage
		for _, s := range p.Stages {
			in = append(in, visits.Stage{Entity: e, Pipeline: p, Names: append([]string{s.Name}, s.Was...), Default: flow.Of(p.Kind, "") == p})
		}
		stays, err := v.Stays(e, in)
		for i := range stays {
			doc.Items = append(doc.Items, measuredLine(p.Stages[i], stays[i]))
		}
		return err
	})
	if len(doc.Items) > 0 {
		doc.Remarks = append(doc.Remarks, fmt.Sprintf("of each stage the last %d stays whose begin is known; a measure needs %d", visits.MaxStays, pipeline.Enough))
	}
	return doc, err
}

// find returns the pipeline that a path names.
func (x *Endpoints) find(rq *web.Request, flow *pipeline.Flow) (*pipeline.Pipeline, *crm.Error) {
	var names []string
	list := pipelinesOf(flow)
	for i := range list { // a copy would not be the default
		p := &list[i]
		if norm.Fold(p.Name) == norm.Fold(rq.RecordID) || x.idOf(rq, p) == crm.CutHandle(rq.RecordID) {
			return p, nil
		}
		names = append(names, p.Name)
	}
	slices.Sort(names)
	if len(names) == 0 {
		return nil, crm.Errorf(crm.NotFound, "there is no pipeline %s, since the workspace has none. An admin makes one with PUT /pipelines/%[1]s.", norm.Quote(rq.RecordID))
	}
	return nil, crm.Errorf(crm.NotFound, "there is no pipeline %s; GET /pipelines lists them.", norm.Quote(rq.RecordID)).Of(rq.RecordID, names)
}

// idOf returns the id of a pipeline.
func (x *Endpoints) idOf(rq *web.Request, p *pipeline.Pipeline) string {
	return crm.RecordID(rq.Env.Schema.ByName(entityName).Prefix, p.Key)
}

// entityName is the name of the kind of pipelines.
const entityName = "pipeline"

// tooFew is what a measure says of fewer cases than it needs.
const tooFew = "too few"

// measuredLine returns the line of a stage.
func measuredLine(s pipeline.Stage, stays []pipeline.Stay) render.Item {
	m := pipeline.Measure(stays)
	median, share := crm.Str(tooFew), crm.Str(tooFew)
	if m.HasMedian() {
		median = crm.Number(m.Median)
	}
	if percent, ok := m.WonShare(); ok {
		share = crm.Number(percent)
	}
	return render.Item{Head: "stage", HeadKey: "kind", Fields: []render.Field{
		{Name: "name", Value: crm.Str(s.Name)}, {Name: "entered", Value: crm.Number(int64(m.Entered))}, {Name: "moved_on", Value: crm.Number(int64(m.Moved))},
		{Name: "median_days", Value: median}, {Name: "won_percent", Value: share}, {Name: "decided", Value: crm.Number(int64(m.Decided))}}}
}
