package past

import (
	"fmt"
	"slices"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
	stored "crmkit/store/list"
	"crmkit/store/past"
)

// Endpoints are the endpoints about the past.
type Endpoints struct{ store *store.Store }

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{s} }

// list is a request for a list.
type list struct {
	rq     *web.Request
	parent *crm.Entity // of a list of the records of one; nil: of all
	key    int64       // of the parent
	field  *crm.Field  // that refers to it
}

// List returns the handler of a list, which with at= is of the past, and with vs= compares totals.
//
// Errors: those of a list, and with at= or vs= invalid_value, invalid_cursor, cursor_expired.
func (x *Endpoints) List(present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) { return x.answer(list{rq: rq}, present) }
}

// Below returns the handler of a list of the records that refer to one with a field, which is like that of List.
//
// Errors: those of List, and not_found.
func (x *Endpoints) Below(parent *crm.Entity, field string, present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !rq.Params.Has("at") && !rq.Params.Has("vs") {
			return present(rq)
		}
		key, err := rq.Key(parent, rq.RecordID)
		if err != nil {
			return nil, err
		}
		return x.answer(list{rq, parent, key, rq.Route.Entity.Field(field)}, present)
	}
}

// answer answers a list. Where it compares, the total is exact, and pages after the first one do not compare again.
func (x *Endpoints) answer(in list, present web.Handler) (doc *render.Response, err error) {
	rq := in.rq
	if !rq.Params.Has("vs") {
		return x.one(in, present)
	}
	if rq.Params.Get("total") == "none" {
		return nil, crm.Errorf(crm.InvalidValue, "vs compares totals, so total=none leaves nothing to compare; leave one of them out.").On("vs")
	}
	then, fault := parse(rq, "vs")
	if fault != nil {
		return nil, fault
	}
	first := !rq.Params.Has("cursor")
	delete(rq.Params, "vs")
	if first {
		rq.Params["total"] = []string{"exact"}
	}
	if doc, err = x.one(in, present); err != nil || !first {
		return doc, err
	}
	then.params["total"], then.params["limit"] = []string{"exact"}, []string{"1"}
	page, err := x.read(in, then)
	if err != nil {
		return nil, err
	}
	was, is := page.Total, doc.Page.Total
	doc.Remarks = append(doc.Remarks, fmt.Sprintf("total %d, then %d, difference %+d; then is %s", is, was, is-was, remark(rq, page.place)))
	return doc, nil
}

// one answers a list of the present or the past.
func (x *Endpoints) one(in list, present web.Handler) (*render.Response, error) {
	rq := in.rq
	if !rq.Params.Has("at") {
		return present(rq)
	}
	a, fault := parse(rq, "at")
	if fault != nil {
		return nil, fault
	}
	page, err := x.read(in, a)
	if err != nil {
		return nil, err
	}
	doc := listing.Of(page.query, page.Page)
	place, after := query.OfPast+cursorOf(rq, page.place), doc.Page.After
	if doc.Page.Next != "" {
		doc.Page.Next += place
	}
	doc.Page.After = func(i int) string { return after(i) + place }
	if page.parent.Entity != nil {
		noteFollowed(rq, page.parent, in.key)
	}
	doc.Remarks = append(doc.Remarks, remark(rq, page.place))
	return doc, nil
}

// page is a page of a list of the past.
type page struct {
	stored.Page
	query  *query.Query
	place  past.Place
	parent crm.Record // to which the list belongs, if it belongs to one
}

// read reads a page of the past.
func (x *Endpoints) read(in list, a asked) (p page, err error) {
	rq := in.rq
	if in.parent != nil {
		path := in.field.Path()
		a.params[path] = append([]string{crm.RecordID(in.parent.Prefix, in.key)}, a.params[path]...)
	}
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		place, last, err := v.Locate(a.Asked)
		if err != nil {
			return err
		}
		env := rq.Env
		env.Now, env.Place = moment(place), " "+a.Text+query.OfPast+cursorOf(rq, place)
		q, fault := query.Parse(rq.Route.Entity, a.params, env)
		if fault != nil && in.parent == nil {
			return fault
		}
		kinds := []*crm.Entity{rq.Route.Entity}
		if fault == nil {
			kinds = past.Kinds(x.store.Schema, q)
		}
		if in.parent != nil && !slices.Contains(kinds, in.parent) {
			kinds = append(kinds, in.parent)
		}
		then, err := v.Past(past.Question{Place: place, Last: last, Kinds: kinds})
		if err == nil && in.parent != nil {
			p.parent, err = then.Record(in.parent, in.key)
		}
		if err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
		p.query, p.place = q, place
		p.Page, err = then.List(q)
		return err
	})
	return p, err
}

// Record reads the record of a request with at=, and adds the remark that says of when it is.
//
// Errors: not_found, and those of at=.
func (x *Endpoints) Record(rq *web.Request, key int64) (rec crm.Record, err error) {
	e := rq.Route.Entity
	a, fault := parse(rq, "at")
	if fault != nil {
		return rec, fault
	}
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		place, last, err := v.Locate(a.Asked)
		if err != nil {
			return err
		}
		then, err := v.Past(past.Question{Place: place, Last: last, Kinds: []*crm.Entity{e}})
		if err != nil {
			return err
		}
		if rec, err = then.Record(e, key); err != nil {
			return err
		}
		noteFollowed(rq, rec, key)
		rq.Remarks = append(rq.Remarks, remark(rq, place))
		return nil
	})
	return rec, err
}

// noteFollowed adds a remark if the record that was read is not the one of the key, since that had been merged
// into it.
func noteFollowed(rq *web.Request, rec crm.Record, key int64) {
	if rec.Key != key {
		rq.Remarks = append(rq.Remarks, store.Followed{Entity: rec.Entity, From: key, To: rec.Key}.Remark())
	}
}
