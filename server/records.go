package server

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/list"
)

// list answers GET on a collection.
func (s *Server) list(rq *web.Request) (doc *render.Response, err error) {
	q, fault := query.Parse(rq.Route.Entity, rq.Params, rq.Env)
	if fault != nil {
		return nil, fault
	}
	err = s.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		doc, err = s.listIn(v, rq, q)
		return err
	})
	return doc, err
}

// listIn answers a list from one view, so that page, total and remarks agree.
func (s *Server) listIn(v *store.View, rq *web.Request, q *query.Query) (*render.Response, error) {
	search := &spelledSearch{entity: q.Entity, read: func(to *spelledSearch, env query.Env) (err error) {
		if env.Fuzzy != nil {
			var fault *crm.Error
			if q, fault = query.Parse(q.Entity, rq.Params, env); fault != nil {
				return fault
			}
		}
		to.terms = q.Terms
		to.page, err = v.List(q)
		return err
	}}
	spelled, err := searchSpelled(v, rq.Env, []*spelledSearch{search})
	if err != nil {
		return nil, err
	}
	page := search.page
	doc := listing(q, page)
	doc.Remarks = append(doc.Remarks, spelledRemarks(spelled)...)
	if q.Entity.Storage.SealedIDs && (q.First() || !page.More) {
		begins, err := logBegins(v)
		if err != nil {
			return nil, err
		}
		doc.Remarks = append(doc.Remarks, begins...)
	}
	if len(page.Records) > 0 || !q.First() {
		return doc, nil
	}
	env := rq.Env
	env.Fuzzy = spelled
	why, err := s.explain(v, rq, env)
	doc.Remarks = append(doc.Remarks, why...)
	return doc, err
}

// logBegins says since when the log has entries, if older ones were deleted.
func logBegins(v *store.View) ([]string, error) {
	at, err := v.LogTrimmed()
	if at.IsZero() || err != nil {
		return nil, err
	}
	return []string{"the log begins " + at.UTC().Format(time.RFC3339) + "; older entries are not kept"}, nil
}

// listing returns the document of a page.
func listing(q *query.Query, page list.Page) *render.Response {
	doc := &render.Response{
		Items: make([]render.Item, len(page.Records)),
		Page:  &render.Page{Noun: q.Entity.Name, Plural: q.Entity.Plural, Total: page.Total, Exact: page.TotalExact, Counted: page.HasTotal},
	}
	for i, rec := range page.Records {
		doc.Items[i] = render.Record(rec, q.Fields)
	}
	doc.Remarks = append(doc.Remarks, q.Remarks...)
	if q.RequestedLimit != "" {
		doc.Remarks = append(doc.Remarks, cutRemark(q.RequestedLimit, q.Limit))
	}
	if page.Truncated {
		doc.Remarks = append(doc.Remarks, fullRemark)
	}
	if page.More {
		doc.Page.Next = q.Cursor(page.Records[len(page.Records)-1])
	}
	return doc
}

// fullRemark says why a page has fewer records than its limit, and yet a next page.
const fullRemark = "the page is shorter than its limit, to stay small and quick; next goes on"

// cutRemark says that a limit was lowered.
func cutRemark(asked string, given int) string {
	return fmt.Sprintf("limit=%s is more than a page holds; this one has at most %d", norm.Quote(asked), given)
}

// single returns the document of one record.
func single(rec crm.Record, pick []string) *render.Response {
	line := render.Record(rec, pick)
	return &render.Response{Line: &line, Version: rec.Version()}
}

// fetch answers GET on a record.
func (s *Server) fetch(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	var pick []string
	if rq.Params.Has("fields") {
		var fault *crm.Error
		if pick, fault = query.ParseFields(e, rq.Params.Get("fields")); fault != nil {
			return nil, fault
		}
	}
	rec, err := s.record(rq, e)
	if err != nil {
		return nil, err
	}
	return single(rec, pick), nil
}

// record reads the record the path names.
func (s *Server) record(rq *web.Request, e *crm.Entity) (crm.Record, error) {
	if e.IsView() {
		return s.store.RecordByID(rq.Context(), rq.Actor, e, crm.CutHandle(rq.RecordID))
	}
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return crm.Record{}, err
	}
	return s.store.Record(rq.Context(), rq.Actor, e, key)
}

// save runs a write of one record and answers with its receipt.
func (s *Server) save(rq *web.Request, write func(*store.Tx) (store.Outcome, error)) (*render.Response, error) {
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := write(tx)
		if err != nil {
			return nil, err
		}
		return saved(out), nil
	})
}

// saved returns the document of a record that was written.
func saved(out store.Outcome) *render.Response {
	doc := single(out.After, nil)
	doc.Result = out.Result
	if out.Result == store.Created {
		doc.Status = http.StatusCreated
	}
	if out.Result == store.Updated {
		doc.Changed = receipt(out)
		doc.Remarks = append(doc.Remarks, stays(out)...)
	}
	return doc
}

// create answers POST on a collection.
func (s *Server) create(rq *web.Request) (*render.Response, error) {
	d, err := rq.Draft(rq.Route.Entity)
	if err != nil {
		return nil, err
	}
	ties, err := s.parseLinks(rq)
	if err != nil {
		return nil, err
	}
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := tx.Save(d)
		if err != nil {
			return nil, err
		}
		doc := saved(out)
		doc.Upsert = true
		for _, t := range ties {
			remark, err := t.save(tx, out.After)
			if err != nil {
				return nil, err
			}
			doc.Remarks = append(doc.Remarks, remark)
		}
		return doc, nil
	})
}

// update answers PATCH on a record.
func (s *Server) update(rq *web.Request) (*render.Response, error) {
	key, err := rq.Key(rq.Route.Entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	d, err := rq.Draft(rq.Route.Entity)
	if err != nil {
		return nil, err
	}
	return s.save(rq, func(tx *store.Tx) (store.Outcome, error) { return tx.Update(key, d) })
}

// listBelow answers GET on the records that belong to one, like its activities.
func (s *Server) listBelow(rq *web.Request, p parent) (doc *render.Response, err error) {
	key, err := rq.Key(p.entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	rq.RawParams = rq.Params
	rq.Params = withParam(rq.Params, rq.Route.Entity.Field(p.field).Path(), crm.RecordID(p.entity.Prefix, key))
	q, fault := query.Parse(rq.Route.Entity, rq.Params, rq.Env)
	err = s.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		if err := prepare(v, q); err != nil {
			return err
		}
		if _, err := v.Record(p.entity, key); err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
		doc, err = s.listIn(v, rq, q)
		return err
	})
	return doc, err
}

// prepare has the text read that a question needs which is not the first of its view.
func prepare(v *store.View, q *query.Query) error {
	if q == nil || q.Terms == nil {
		return nil
	}
	return v.Prepare(q.Entity, q.Terms)
}

// withParam returns the parameters with one more filter.
func withParam(params url.Values, name, value string) url.Values {
	more := maps.Clone(params)
	more[name] = append([]string{value}, params[name]...)
	return more
}

// createBelow answers POST on the records that belong to one. A body that names several
// records creates links to all of them.
func (s *Server) createBelow(rq *web.Request, p parent) (*render.Response, error) {
	key, err := rq.Key(p.entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	e := rq.Route.Entity
	m, fault := bulkLinks(rq, e)
	if fault != nil {
		return nil, fault
	}
	if m != nil {
		return s.createLinks(rq, p, key, m)
	}
	d, err := rq.Draft(e)
	if err != nil {
		return nil, err
	}
	own := crm.Input{Field: e.Field(p.field), Value: crm.Key(key)}
	for _, in := range d.Inputs {
		if in.Field == own.Field && in.Mode == crm.Set && !in.Value.Equal(own.Value) {
			return nil, crm.Errorf(crm.InvalidValue, "%s in the body is not the %s of the path; leave it out.", p.field, p.entity.Name).On(p.field)
		}
	}
	d.Inputs = append(d.Inputs, own)
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		if _, err := tx.Fetch(p.entity, key); err != nil {
			return nil, err
		}
		out, err := tx.Save(d)
		if err != nil {
			return nil, err
		}
		doc := saved(out)
		doc.Upsert = true
		return doc, nil
	})
}
