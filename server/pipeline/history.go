package pipeline

import (
	"time"

	"crmkit/crm"
	"crmkit/crm/pipeline"
	"crmkit/crm/shape"
	"crmkit/render"
	"crmkit/server/definition"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/visits"
)

// Endpoints answer requests about pipelines. They are safe for concurrent use.
type Endpoints struct {
	store *store.Store
	saved func(store.Outcome) *render.Response // the document of a record that was written
}

// New returns the endpoints of a store.
func New(s *store.Store, saved func(store.Outcome) *render.Response) *Endpoints {
	return &Endpoints{s, saved}
}

// Routes returns the rows of the endpoints.
func (x *Endpoints) Routes() (rows []web.Route) {
	for _, e := range x.store.Schema.Entities {
		if e.HasStages() {
			rows = append(rows, web.Route{Method: "GET", Path: "/" + e.Route() + "/:id/stages", Access: web.Read, Group: e.Plural, Entity: e,
				Doc: "in which stages it was, since when, and who moved it", Handle: x.history})
		}
	}
	e := x.store.Schema.ByName(entityName)
	return append(rows, web.Route{Method: "GET", Path: "/" + e.Route() + "/:id/stats", Access: web.Read, Group: e.Plural, Entity: e,
		Doc: "what records did in each stage: entered, moved on, days, share won", Handle: x.stats})
}

// Own returns what the endpoints of pipelines have of their own beside those of all definitions.
func (x *Endpoints) Own() definition.Own { return definition.Own{Put: x.put, Show: x.show} }

// show adds a line for each stage to the answer about one pipeline.
func (x *Endpoints) show(rq *web.Request, doc *render.Response) {
	rec := doc.Line.Of()
	if rec.Entity == nil || rq.Params.Has("fields") {
		return
	}
	doc.Line.Select(rec.Entity.Names(func(f *crm.Field) bool { return f.Name != fieldStages && !f.IsIdentity() }))
	doc.Name = fieldStages
	for _, s := range shape.PipelineOf(rec).Stages {
		doc.Items = append(doc.Items, stageLine(s))
	}
}

// stageLine returns the line of a stage.
func stageLine(s pipeline.Stage) render.Item {
	var probability crm.Value
	if s.Probability != nil {
		probability = crm.Number(*s.Probability)
	}
	return render.Item{Head: "stage", HeadKey: "kind", Fields: []render.Field{{Name: "name", Value: crm.Str(s.Name)}, {Name: "place", Value: crm.Number(s.Place)}, {Name: "probability", Value: probability},
		{Name: "stale_after", Value: crm.Str(s.StaleText())}, {Name: "is", Value: crm.Str(s.Is)}, {Name: "was", Value: crm.Labels(s.Was)}}}
}

// history answers GET on the stages of a record with its visits, the first one first.
//
// Errors: not_found.
func (x *Endpoints) history(rq *web.Request) (doc *render.Response, err error) {
	key, err := rq.Key(rq.Route.Entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		rec, err := v.Record(rq.Route.Entity, key)
		if err != nil {
			return err
		}
		if rec.Key != key {
			rq.Remarks = append(rq.Remarks, store.Followed{Entity: rec.Entity, From: key, To: rec.Key}.Remark())
		}
		list, err := v.Visits(rec)
		doc = historyOf(list, x.store.Now())
		return err
	})
	return doc, err
}

// historyOf returns the document of the visits of a record.
func historyOf(list []pipeline.Visit, now time.Time) *render.Response {
	doc := &render.Response{Page: &render.Page{Noun: "stage", Plural: "stages", Total: int64(len(list)), Exact: true, Counted: true}}
	for _, v := range list {
		doc.Items = append(doc.Items, visitLine(v, now.UnixMilli()))
	}
	if len(list) == visits.Max {
		doc.Remarks = append(doc.Remarks, "only the last stages are kept; GET /audit has all changes")
	}
	return doc
}

// visitLine returns the line of a visit. Without the time at which it began nothing says how long it was.
func visitLine(v pipeline.Visit, now int64) render.Item {
	end := now
	if v.Left != 0 {
		end = v.Left
	}
	var days crm.Value
	if v.Entered != 0 {
		days = crm.Number(pipeline.Days(v.Entered, end))
	}
	return render.Item{Head: "visit", HeadKey: "kind", Fields: []render.Field{
		{Name: "stage", Value: crm.Str(v.Stage)}, {Name: "pipeline", Value: crm.Str(v.Pipeline)},
		{Name: "since", Value: timeOf(v.Entered), Second: true}, {Name: "until", Value: timeOf(v.Left), Second: true},
		{Name: "days", Value: days}, {Name: "by", Value: crm.Str(v.By)}}}
}

// timeOf returns a time, unset if it is not known.
func timeOf(ms int64) crm.Value {
	if ms == 0 {
		return crm.Value{}
	}
	return crm.Millis(ms)
}
