package pipeline

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/render"
	"crmkit/server/draft"
	"crmkit/server/web"
	"crmkit/store"
)

// Param is the parameter of a write of a record with which a stage that its pipeline does not have is added.
const Param = "new_stage"

// Params returns the parameters that writes of records of a kind take.
func Params(e *crm.Entity) []string {
	if e.HasStages() {
		return []string{Param}
	}
	return nil
}

// adder adds the stage of a draft to the pipeline of its record, before the record is written.
type adder struct {
	kind  *crm.Entity // of pipelines
	draft store.Draft
}

// Adds returns the handler of a write of one record that adds the stage first, where a request asks for that.
func (x *Endpoints) Adds(e *crm.Entity, next web.Handler) web.Handler {
	if !e.HasStages() {
		return next
	}
	return func(rq *web.Request) (*render.Response, error) {
		if asks, fault := asked(rq); fault != nil {
			return nil, fault
		} else if !asks {
			return next(rq)
		}
		d, err := rq.Draft(e)
		if err != nil {
			return nil, err
		}
		a, key := &adder{rq.Env.Schema.ByName(entityName), d}, int64(0)
		if rq.RecordID != "" {
			if key, err = rq.Key(e, rq.RecordID); err != nil {
				return nil, err
			}
		}
		rq.Before = func(tx *store.Tx) (err error) {
			of := key
			if of == 0 {
				of, err = tx.KeyOfDraft(d)
			}
			if err != nil {
				return err
			}
			_, err = a.add(tx, of)
			return err
		}
		return next(rq)
	}
}

// asked reports whether a request asks that stages are added.
func asked(rq *web.Request) (bool, *crm.Error) {
	if value := rq.Params.Get(Param); rq.Params.Has(Param) && value != "1" {
		return false, crm.Errorf(crm.InvalidValue, "%s=%s is not known; write %[1]s=1 to add the stage to the pipeline, or leave it out.", Param, norm.Quote(value)).On(Param)
	}
	return rq.Params.Has(Param), nil
}

// AddsRows returns what adds the stages of the rows of an import before they are saved, and says so; nil if the request
// does not ask for that.
func AddsRows(rq *web.Request) (func(tx *store.Tx, d store.Draft, key int64) (note string, err error), *crm.Error) {
	asks, fault := asked(rq)
	if !asks {
		return nil, fault
	}
	kind := rq.Env.Schema.ByName(entityName)
	return func(tx *store.Tx, d store.Draft, key int64) (note string, err error) {
		name, err := (&adder{kind, d}).add(tx, key)
		if name != "" {
			note = "the stage is new in the pipeline " + norm.Quote(name)
		}
		return note, err
	}, nil
}

// add adds the stage, for the record with a key, 0 if it is new. It returns the name of the pipeline that got one.
//
// Errors: admin_required, scope_required, those of the record.
func (a *adder) add(tx *store.Tx, key int64) (name string, err error) {
	stage, in := draft.InputAt(a.draft, crm.FieldStage), draft.InputAt(a.draft, crm.FieldPipeline)
	if stage < 0 && in < 0 {
		return "", nil
	}
	rec := crm.NewRecord(a.draft.Entity)
	if key != 0 {
		if rec, err = tx.Fetch(a.draft.Entity, key); err != nil {
			return "", err
		}
	}
	word, of := rec.Value(crm.FieldStage), rec.Value(crm.FieldPipeline)
	moves := in >= 0 && !a.draft.Inputs[in].Value.Equal(of) // then the stage must be one of the other pipeline
	if stage >= 0 {
		word = a.draft.Inputs[stage].Value
	}
	if in >= 0 {
		of = a.draft.Inputs[in].Value
	}
	if !word.Set() || stage < 0 && !moves {
		return "", nil
	}
	p := flowOf(tx.Actor).Of(rec.Entity.Name, of.Text)
	if p == nil || p.Find(word.Text) != nil {
		return "", nil
	}
	now, err := tx.Fetch(a.kind, p.Key) // another server may have written it
	if err != nil {
		return "", err
	}
	stages, _ := pipeline.ReadStages(now.Value(fieldStages).Text)
	place := slices.IndexFunc(stages, func(s pipeline.Stage) bool { return s.Is != "" })
	if place < 0 {
		place = len(stages)
	}
	if (&pipeline.Pipeline{Stages: stages}).Find(word.Text) != nil {
		return "", nil
	}
	stages = slices.Insert(stages, place, pipeline.Stage{Name: word.Text})
	if len(stages) > pipeline.MaxStages {
		return "", crm.Errorf(crm.InvalidValue, "the pipeline %s has %d stages, the most that there may be; PUT /pipelines/%[1]s without one of them first.", norm.Quote(p.Name), pipeline.MaxStages).On(crm.FieldStage)
	}
	value := crm.Str(pipeline.WriteStages(stages))
	_, err = tx.Update(p.Key, store.Draft{Entity: a.kind, Inputs: []crm.Input{{Field: a.kind.Field(fieldStages), Value: value}}})
	return p.Name, err
}
