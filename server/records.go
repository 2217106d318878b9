package server

import (
	"net/http"

	"crmkit/crm"
	"crmkit/crm/shape"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/ahead"
)

// single returns the document of one record, with the fields of pick, or all if it is nil.
func single(rec crm.Record, pick []string) *render.Response {
	line := render.Record(rec, pick)
	return &render.Response{Line: &line, Version: rec.Version()}
}

// fetch answers GET on a record with all its fields, or those of fields=, and times as times= says. Its version is the
// ETag. Errors: not_found, unknown_field.
func (s *Server) fetch(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	var pick []string
	if rq.Params.Has("fields") {
		var fault *crm.Error
		if pick, fault = rq.Env.ParseFields(e, rq.Params.Get("fields")); fault != nil {
			return nil, fault
		}
	}
	millis := false
	if rq.Params.Has("times") {
		var fault *crm.Error
		if millis, fault = param.Times(rq.Params.Get("times")); fault != nil {
			return nil, fault
		}
	}
	rec, err := s.record(rq, e)
	if err != nil {
		return nil, err
	}
	doc := single(rec, pick)
	doc.Line.Millis = millis
	return doc, listing.AddTied(rq, doc, rec, s.past.Answers(rq))
}

// record reads the record that the path names. Ids of records hold their key and workspace, so
// one of another workspace is refused without a read; views are found by their id.
func (s *Server) record(rq *web.Request, e *crm.Entity) (crm.Record, error) {
	if e.IsView() {
		return s.store.RecordByID(rq.Context(), rq.Actor, e, crm.CutHandle(rq.RecordID))
	}
	key, err := rq.Key(e, rq.RecordID)
	if err != nil {
		return crm.Record{}, err
	}
	if rq.Params.Has("at") {
		return s.past.Record(rq, key)
	}
	rec, err := s.store.Record(rq.Context(), rq.Actor, e, key)
	noteFollowed(rq, rec, key)
	return rec, err
}

// noteFollowed adds a remark if the record that was read is not the one of the key, since that was merged
// into it.
func noteFollowed(rq *web.Request, rec crm.Record, key int64) {
	if rec.Entity != nil && rec.Key != key {
		rq.Remarks = append(rq.Remarks, store.Followed{Entity: rec.Entity, From: key, To: rec.Key}.Remark())
	}
}

// save runs a write of one record and answers with the record and what changed.
func (s *Server) save(rq *web.Request, write func(*store.Tx) (store.Outcome, error)) (*render.Response, error) {
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := write(tx)
		if err != nil {
			return nil, err
		}
		return savedAs(tx, out), nil
	})
}

// saved returns the document of a record that was written: 201 if it was created, with a receipt
// if it was updated.
func saved(out store.Outcome) *render.Response {
	doc := single(out.After, nil)
	doc.Result = out.Result
	if out.Result == store.Created {
		doc.Status = http.StatusCreated
	}
	if out.Result == store.Updated {
		doc.Changed = render.Changes(out.Before, out.After)
		doc.Remarks = append(doc.Remarks, plan.Stays(out)...)
	}
	return doc
}

// savedAs is saved, with a remark for each new key that was probably meant as a declared one.
func savedAs(tx *store.Tx, out store.Outcome) *render.Response {
	doc := saved(out)
	doc.Remarks = append(doc.Remarks, shape.Of(tx.Actor.Schema).Near(out.Before, out.After)...)
	return doc
}

// create answers POST on a collection with 201 and the record, or 200 if it updated the one with
// that unique value. Two requests at the same time give one record, since the writer runs one
// after the other. ?campaign= links the record in the same transaction. A record that looks like another is
// made with a remark, or not with ?on_duplicate=fail.
//
// Errors: those of a body, reference_not_found, version_conflict, plan_limit_reached, possible_duplicate.
func (s *Server) create(rq *web.Request) (*render.Response, error) {
	d, err := rq.Draft(rq.Route.Entity)
	if err != nil {
		return nil, err
	}
	links, err := s.parseLinks(rq)
	if err != nil {
		return nil, err
	}
	check, fault := s.duplicates.NewCheck(rq)
	if fault != nil {
		return nil, fault
	}
	s.willSave(rq, d)
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		out, err := tx.Save(d)
		if err != nil {
			return nil, err
		}
		doc := savedAs(tx, out)
		doc.Upsert = true
		if doc.Remarks, err = check.Remarks(tx, out, doc.Remarks); err != nil {
			return nil, err
		}
		for _, l := range links {
			remark, err := l.save(tx, out.After)
			if err != nil {
				return nil, err
			}
			doc.Remarks = append(doc.Remarks, remark)
		}
		return doc, nil
	})
}

// willSave says what the write of a draft will ask of a shared database if it makes a record, which most
// do.
func (s *Server) willSave(rq *web.Request, d store.Draft) {
	if s.store.Shared() {
		rq.WillAsk(ahead.OfDraft(d.Entity, d.Inputs, rq.Actor, s.store.Now()))
	}
}

// update answers PATCH on a record with the record and what changed.
//
// Errors: not_found, those of a body, reference_not_found, version_conflict, already_exists for
// a unique value of another record, admin_required for an activity of another user.
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

// createBelow answers POST on the records that belong to one, like create; the reference to the
// parent is set by the path. A body that names several records creates links to all of them.
//
// Errors: not_found for the parent, and those of create. A body that names another parent is
// invalid_value.
func (s *Server) createBelow(rq *web.Request, p parent) (*render.Response, error) {
	key, err := rq.Key(p.entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	e := rq.Route.Entity
	m, fault := s.bulkLinks(rq, e)
	if fault != nil {
		return nil, fault
	}
	if m != nil && rq.IsLine() {
		return nil, crm.Errorf(crm.InvalidValue, "a line of a batch adds one record, named by its id; send lists and filters as a request of its own.")
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
		doc := savedAs(tx, out)
		doc.Upsert = true
		return doc, nil
	})
}
