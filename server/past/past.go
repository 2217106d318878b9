package past

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
	stored "crmkit/store/list"
	"crmkit/store/past"
	"crmkit/store/view"
)

// Endpoints are the endpoints about the past.
type Endpoints struct{ store *store.Store }

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{s} }

// List is a request for a list.
type List struct {
	Request *web.Request
	Parent  *crm.Entity // of a list of the records of one; nil: of all
	Key     int64       // of the parent
	Field   *crm.Field  // that refers to it
}

// Lists returns the handler of a list, which with at= is of the past, and with vs= compares totals.
//
// Errors: those of a list, and with at= or vs= invalid_value, invalid_cursor, cursor_expired.
func (x *Endpoints) Lists(present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) { return x.answer(List{Request: rq}, present) }
}

// Below returns the handler of a list of the records that refer to one with a field, which is like that of Lists.
//
// Errors: those of Lists, and not_found.
func (x *Endpoints) Below(parent *crm.Entity, field string, present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !rq.Params.Has("at") && !rq.Params.Has("vs") {
			return present(rq)
		}
		key, err := rq.Key(parent, rq.RecordID)
		if err != nil {
			return nil, err
		}
		return x.answer(List{rq, parent, key, rq.Route.Entity.Field(field)}, present)
	}
}

// answer answers a list. Where it compares, the total is exact, and pages after the first one do not compare again.
func (x *Endpoints) answer(in List, present web.Handler) (doc *render.Response, err error) {
	rq := in.Request
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
func (x *Endpoints) one(in List, present web.Handler) (*render.Response, error) {
	rq := in.Request
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
		NoteFollowed(rq, page.parent, in.Key)
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
func (x *Endpoints) read(in List, a asked) (p page, err error) {
	err = x.look(in, a, Look{
		Parse: func(params url.Values, env query.Env) (kinds []*crm.Entity, fault *crm.Error) {
			if p.query, fault = query.Parse(in.Request.Route.Entity, params, env); fault != nil {
				return nil, fault
			}
			return past.Kinds(x.store.Schema, p.query), nil
		},
		Read: func(then view.PastView, at Moment) (err error) {
			p.place, p.parent = at.Place, at.Parent
			in.Request.SpeaksOf(moment(at.Place))
			p.Page, err = then.List(p.query)
			return err
		},
	})
	return p, err
}

// Look is what is asked about a place.
type Look struct {
	// Parse compiles the request as one of the time of the place, and returns the kinds of records that it needs.
	Parse func(params url.Values, env query.Env) (kinds []*crm.Entity, fault *crm.Error)
	// Read answers it.
	Read func(then view.PastView, at Moment) error
}

// Moment is the place that a request asks for.
type Moment struct {
	past.Place
	Parent crm.Record // to which the list belongs, as it was; of no entity: to none
	Remark string     // says of which place an answer is
}

// At answers a request about the place that a parameter names, which is at or vs.
//
// Errors: those of at= and vs=, of Look, and not_found for the parent.
func (x *Endpoints) At(in List, param string, look Look) error {
	a, fault := parse(in.Request, param)
	if fault != nil {
		return fault
	}
	return x.look(in, a, look)
}

// look is At for a place that was parsed.
func (x *Endpoints) look(in List, a asked, look Look) error {
	rq := in.Request
	if in.Parent != nil {
		path := in.Field.Path()
		a.params[path] = append([]string{crm.RecordID(in.Parent.Prefix, in.Key)}, a.params[path]...)
	}
	return x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		place, last, err := v.Locate(a.Asked)
		if err != nil {
			return err
		}
		env := rq.Env
		env.Now, env.Place = moment(place), " "+a.Text+query.OfPast+cursorOf(rq, place)
		kinds, fault := look.Parse(a.params, env)
		if fault != nil && in.Parent == nil {
			return fault
		}
		if kinds = append(kinds, rq.Route.Entity); in.Parent != nil {
			kinds = append(kinds, in.Parent)
		}
		then, err := v.Past(past.Question{Place: place, Last: last, Kinds: distinct(kinds)})
		at := Moment{Place: place, Remark: remark(rq, place)}
		if err == nil && in.Parent != nil {
			at.Parent, err = then.Record(in.Parent, in.Key)
		}
		if err != nil {
			return err
		}
		if fault != nil {
			return fault
		}
		return look.Read(then, at)
	})
}

// distinct returns each of some kinds once.
func distinct(kinds []*crm.Entity) (list []*crm.Entity) {
	for _, e := range kinds {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
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
		NoteFollowed(rq, rec, key)
		rq.SpeaksOf(moment(place))
		rq.Remarks = append(rq.Remarks, remark(rq, place))
		return nil
	})
	return rec, err
}

// Answers returns the function that answers further questions of a request: about the place of one with at=, else
// Store.List, about the present.
func (x *Endpoints) Answers(rq *web.Request) func(context.Context, crm.Actor, *query.Query) (stored.Page, error) {
	if !rq.Params.Has("at") {
		return x.store.List
	}
	return func(ctx context.Context, actor crm.Actor, q *query.Query) (page stored.Page, err error) {
		a, fault := parse(rq, "at")
		if fault != nil {
			return page, fault
		}
		err = x.store.View(ctx, actor, func(v *store.View) error {
			place, last, err := v.Locate(a.Asked)
			if err != nil {
				return err
			}
			then, err := v.Past(past.Question{Place: place, Last: last, Kinds: past.Kinds(x.store.Schema, q)})
			if err == nil {
				page, err = then.List(q)
			}
			return err
		})
		return page, err
	}
}

// NoteFollowed adds a remark if the record that was read is not the one of the key, since that had been merged
// into it.
func NoteFollowed(rq *web.Request, rec crm.Record, key int64) {
	if rec.Key != key {
		rq.Remarks = append(rq.Remarks, store.Followed{Entity: rec.Entity, From: key, To: rec.Key}.Remark())
	}
}
