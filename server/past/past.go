package past

import (
	"slices"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/past"
)

// Endpoints are the endpoints about the past.
type Endpoints struct{ store *store.Store }

// New returns the endpoints of a store.
func New(s *store.Store) *Endpoints { return &Endpoints{s} }

// list is a request for a list.
type list struct {
	rq     *web.Request
	asked  asked
	parent *crm.Entity // of a list of the records of one; nil: of all
	key    int64       // of the parent
	field  *crm.Field  // that refers to it
}

// List returns the handler of a list, which with at= is of the past.
//
// Errors: those of a list, and with at= invalid_value, invalid_cursor, cursor_expired.
func (x *Endpoints) List(present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !rq.Params.Has("at") {
			return present(rq)
		}
		a, fault := parse(rq)
		if fault != nil {
			return nil, fault
		}
		return x.list(list{rq: rq, asked: a})
	}
}

// Below returns the handler of a list of the records that refer to one with a field, which with at= is of the past.
//
// Errors: those of List, and not_found.
func (x *Endpoints) Below(parent *crm.Entity, field string, present web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !rq.Params.Has("at") {
			return present(rq)
		}
		key, err := rq.Key(parent, rq.RecordID)
		if err != nil {
			return nil, err
		}
		a, fault := parse(rq)
		if fault != nil {
			return nil, fault
		}
		f := rq.Route.Entity.Field(field)
		a.params[f.Path()] = append([]string{crm.RecordID(parent.Prefix, key)}, a.params[f.Path()]...)
		return x.list(list{rq, a, parent, key, f})
	}
}

// list answers with a page of the past.
func (x *Endpoints) list(in list) (doc *render.Response, err error) {
	rq := in.rq
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		place, last, err := v.Locate(in.asked.Asked)
		if err != nil {
			return err
		}
		env := rq.Env
		env.Now, env.Place = moment(place), " "+in.asked.Text+between+cursorOf(rq, place)
		q, fault := query.Parse(rq.Route.Entity, in.asked.params, env)
		kinds := []*crm.Entity{rq.Route.Entity}
		if fault == nil {
			kinds = past.Kinds(x.store.Schema, q)
		}
		if in.parent != nil && !slices.Contains(kinds, in.parent) {
			kinds = append(kinds, in.parent)
		}
		then, err := v.Past(past.Question{Place: place, Last: last, Kinds: kinds})
		if err != nil {
			return err
		}
		if in.parent != nil {
			rec, err := then.Record(in.parent, in.key)
			if err != nil {
				return err
			}
			noteFollowed(rq, rec, in.key)
		}
		if fault != nil {
			return fault
		}
		page, err := then.List(q)
		if err != nil {
			return err
		}
		doc = listing.Of(q, page)
		if doc.Page.Next != "" {
			doc.Page.Next += between + cursorOf(rq, place)
		}
		doc.Remarks = append(doc.Remarks, remark(rq, place))
		return nil
	})
	return doc, err
}

// Record reads the record of a request with at=, and adds the remark that says of when it is.
//
// Errors: not_found, and those of at=.
func (x *Endpoints) Record(rq *web.Request, key int64) (rec crm.Record, err error) {
	e := rq.Route.Entity
	a, fault := parse(rq)
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
