package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/visits"
)

// maxOutside is how many stages outside of a pipeline are named.
const maxOutside = 5

// outside returns remarks about the stages in use that no pipeline of the kind would have after a write. The counts
// of values are kept, so they are read before the write and no record is.
func (x *Endpoints) outside(rq *web.Request, w *writing) (remarks []string, err error) {
	flow := flowOf(rq.Actor)
	if w.of == nil {
		for _, p := range pipelinesOf(flow) {
			if norm.Fold(p.Name) == norm.Fold(w.name) {
				w.of = rq.Env.Schema.ByName(p.Kind)
			}
		}
	}
	if w.of == nil {
		return nil, nil // the write says what is missing
	}
	after := pipeline.Flow{Pipelines: []pipeline.Pipeline{{Kind: w.of.Name, Name: w.name, Stages: w.sent}}}
	for _, p := range pipelinesOf(flow) {
		if norm.Fold(p.Name) != norm.Fold(w.name) {
			after.Pipelines = append(after.Pipelines, p)
		}
	}
	var used []visits.Used
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		used, err = v.StagesInUse(w.of)
		return err
	})
	return said(w.of, after, slices.DeleteFunc(used, w.renames)), err
}

// renames reports whether the write gives the records in a stage another name.
func (w *writing) renames(used visits.Used) bool {
	is := func(name string) bool { return norm.Fold(name) == norm.Fold(used.Stage) }
	return slices.ContainsFunc(w.sent, func(s pipeline.Stage) bool { return slices.ContainsFunc(s.Was, is) })
}

// said returns the remark about the stages in use that no pipeline has.
func said(of *crm.Entity, flow pipeline.Flow, used []visits.Used) []string {
	var words []string
	records := int64(0)
	for _, value := range used {
		known := false
		for _, p := range flow.Pipelines {
			known = known || p.Kind == of.Name && flow.StageOf(of.Name, p.Name, value.Stage) != nil
		}
		if !known {
			records += value.N
			words = append(words, fmt.Sprintf("%s (%d)", norm.Quote(value.Stage), value.N))
		}
	}
	if len(words) == 0 {
		return nil
	}
	more := ""
	if len(words) > maxOutside {
		more = fmt.Sprintf(" and %d more", len(words)-maxOutside)
	}
	has, keeps := "have a stage", "they keep it until their stage is written"
	if records == 1 {
		has, keeps = "has a stage", "it keeps it until its stage is written"
	}
	return []string{fmt.Sprintf("%s %s that is in no pipeline: %s%s; %s", of.CountNoun(records), has, strings.Join(words[:min(len(words), maxOutside)], ", "), more, keeps)}
}

// flowOf returns the pipelines of the workspace of an actor.
func flowOf(actor crm.Actor) *pipeline.Flow { return actor.At(0).Flow() }

// pipelinesOf returns the pipelines of a flow, which may be nil.
func pipelinesOf(flow *pipeline.Flow) []pipeline.Pipeline {
	if flow == nil {
		return nil
	}
	return flow.Pipelines
}
