package pipeline

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/pipeline"
	"crmkit/render"
	"crmkit/server/draft"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/visits"
)

// maxMoved is how many records one request moves into renamed stages.
const maxMoved = 500

// put answers PUT on the name of a pipeline: it makes the pipeline, or replaces its stages. The records
// in a stage that was renamed move with it, in the same transaction.
//
// Errors: those of a body, admin_required, invalid_value for stages that do not fit together or too many
// records that would move, plan_limit_reached above the most pipelines.
func (x *Endpoints) put(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	if strings.HasPrefix(rq.RecordID, e.Prefix+"_") { // no name begins so
		if _, err := rq.Key(e, rq.RecordID); err != nil {
			return nil, err
		}
		p, fault := x.find(rq, flowOf(rq.Actor))
		if fault != nil {
			return nil, fault
		}
		rq.RecordID = p.Name
	}
	d, err := rq.Draft(e)
	if err != nil {
		return nil, err
	}
	w := &writing{x: x, entity: e, draft: d}
	if fault := w.read(rq); fault != nil {
		return nil, fault
	}
	left, err := x.outside(rq, w)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, moved, err := w.save(tx)
		if err != nil {
			return nil, err
		}
		doc := x.saved(out)
		doc.Upsert, doc.Several = true, moved > 0
		if moved > 0 {
			doc.Remarks = append(doc.Remarks, fmt.Sprintf("moved %s into renamed stages", w.of.CountNoun(int64(moved))))
		}
		doc.Remarks = append(doc.Remarks, left...)
		return doc, nil
	})
}

// writing is a pipeline that is written.
type writing struct {
	x      *Endpoints
	entity *crm.Entity
	draft  store.Draft
	name   string
	of     *crm.Entity // whose records go through it; nil: that of the pipeline that is there
	sent   []pipeline.Stage
	was    []pipeline.Stage // that the pipeline has before the write
}

// read checks what a request says.
func (w *writing) read(rq *web.Request) *crm.Error {
	if fault := w.readName(rq); fault != nil {
		return fault
	}
	if at := draft.InputAt(w.draft, "kind"); at >= 0 {
		w.of = rq.Env.Schema.ByName(w.draft.Inputs[at].Value.Text)
	}
	at := draft.InputAt(w.draft, fieldStages)
	if at < 0 || !w.draft.Inputs[at].Value.Set() {
		return crm.Errorf(crm.MissingField, `stages is required: PUT writes the whole pipeline. Send {"kind":"deal","stages":[{"name":"lead","probability":10},{"name":"won","is":"won"}]}.`).On(fieldStages)
	}
	w.sent, _ = pipeline.ReadStages(w.draft.Inputs[at].Value.Text) // it was checked when it was decoded
	return nil
}

// readName takes the name from the path of a PUT, and from the body of a POST.
func (w *writing) readName(rq *web.Request) *crm.Error {
	f := w.entity.Field("name")
	at := draft.InputAt(w.draft, f.Name)
	if rq.Method == "POST" {
		if at >= 0 {
			w.name = w.draft.Inputs[at].Value.Text
		}
		return nil // the write says that it is missing
	}
	name, fault := rq.Env.Reader(w.entity).Normal(f, rq.RecordID)
	switch {
	case fault != nil:
		return fault
	case at < 0:
		w.draft.Inputs = append(w.draft.Inputs, crm.Input{Field: f, Value: name})
	case !w.draft.Inputs[at].Value.Equal(name):
		return crm.Errorf(crm.InvalidValue, "name in the body is not the one of the path; leave it out.").On(f.Name)
	}
	w.name = name.Text
	return nil
}

// The fields of a pipeline.
const (
	fieldStages  = "stages"
	fieldDefault = "default"
)

// save writes the pipeline, and moves the records of renamed stages. moved is how many these are.
func (w *writing) save(tx *store.Tx) (out store.Outcome, moved int, err error) {
	key, err := tx.KeyOfDraft(w.draft)
	if err != nil {
		return out, 0, err
	}
	old := crm.NewRecord(w.entity)
	if key != 0 {
		if old, err = tx.Fetch(w.entity, key); err != nil {
			return out, 0, err
		}
	}
	if fault := w.kindOf(tx, old); fault != nil {
		return out, 0, fault
	}
	w.was, _ = pipeline.ReadStages(old.Value(fieldStages).Text)
	stages, renamed := pipeline.Merge(w.was, w.sent)
	d := w.draft
	d.Inputs = slices.Clone(d.Inputs)
	d.Inputs[draft.InputAt(d, fieldStages)].Value = crm.Str(pipeline.WriteStages(stages))
	if err := w.settleDefault(tx, key); err != nil {
		return out, 0, err
	}
	if out, err = tx.Save(d); err != nil {
		return out, 0, err
	}
	moved, err = w.move(tx, renamed)
	return out, moved, err
}

// kindOf sets of which kind the records of the pipeline are. That of a pipeline stays.
func (w *writing) kindOf(tx *store.Tx, old crm.Record) *crm.Error {
	if kind := old.Value("kind"); kind.Set() {
		if w.of != nil && w.of.Name != kind.Text {
			return crm.Errorf(crm.InvalidValue, "the pipeline %s is of %s and stays so; PUT one of another name for %s.", norm.Quote(w.name), kind.Text+"s", w.of.Plural).On("kind")
		}
		w.of = tx.Schema().ByName(kind.Text)
	}
	if w.of == nil {
		return crm.Errorf(crm.MissingField, `kind is required to make a pipeline; send {"kind":"deal",…}, or contact.`).On("kind")
	}
	return nil
}

// settleDefault takes it from the other pipelines of the kind that they are the default, if the one that is written, which
// has the key, says that it is. It comes first, so that an undo has no two defaults at any moment.
func (w *writing) settleDefault(tx *store.Tx, key int64) error {
	if at := draft.InputAt(w.draft, fieldDefault); at < 0 || w.draft.Inputs[at].Value.Text != yes {
		return nil
	}
	for _, p := range pipelinesOf(flowOf(tx.Actor)) {
		if p.Kind != w.of.Name || !p.Default || p.Key == key {
			continue
		}
		if _, err := tx.Update(p.Key, store.Draft{Entity: w.entity, Inputs: []crm.Input{{Field: w.entity.Field(fieldDefault), Value: crm.Str(no)}}}); err != nil {
			return err
		}
	}
	return nil
}

// The words of the field default.
const (
	yes = "yes"
	no  = "no"
)

// move gives the records of renamed stages the new names, and those whose stage has another outcome that status.
func (w *writing) move(tx *store.Tx, renamed map[string][]string) (moved int, err error) {
	p := flowOf(tx.Actor).Of(w.of.Name, w.name)
	for i := range p.Stages {
		s := &p.Stages[i]
		for _, part := range w.partsOf(s, renamed[s.Name]) {
			if err := w.movePart(tx, s, part, &moved); err != nil {
				return moved, err
			}
		}
	}
	return moved, nil
}

// movePart moves some records into a stage. moved counts all.
func (w *writing) movePart(tx *store.Tx, s *pipeline.Stage, of part, moved *int) error {
	flow := flowOf(tx.Actor)
	p := flow.Of(w.of.Name, w.name)
	in := visits.Stage{Entity: w.of, Pipeline: p, Names: of.names, Default: flow.Of(w.of.Name, "") == p}
	keys, err := in.Holding(tx.Tx, maxMoved+1)
	if err != nil {
		return err
	}
	if *moved += len(keys); *moved > maxMoved {
		return w.tooMany(s, in)
	}
	d := store.Draft{Entity: w.of, Inputs: []crm.Input{{Field: w.of.Field(crm.FieldStage), Value: crm.Str(s.Name)}}}
	if of.status != "" {
		d.Inputs = append(d.Inputs, crm.Input{Field: w.status(), Value: crm.Str(of.status)})
	}
	for _, key := range keys {
		if _, err := tx.Update(key, d); err != nil {
			return err
		}
	}
	return nil
}

// tooMany returns the error for a rename that would move too many records. in are those of the stage that did not fit.
func (w *writing) tooMany(s *pipeline.Stage, in visits.Stage) *crm.Error {
	which := "&pipeline=" + url.QueryEscape(w.name)
	if in.Default {
		which = "&where=pipeline=" + url.QueryEscape(w.name) + "+or+pipeline=is:null"
	}
	return crm.Errorf(crm.InvalidValue, `more than %d %s are in renamed stages, the most that one request moves. PUT the pipeline with both stages first, without was; then PATCH /%s?stage=%s%s {"stage":%s}, which moves them in steps; then PUT it as you wanted.`,
		maxMoved, w.of.Plural, w.of.Route(), url.QueryEscape(in.Names[0]), which, norm.QuoteJSON(s.Name)).On(fieldStages)
}
