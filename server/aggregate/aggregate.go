package aggregate

import (
	"net/url"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/query/aggregate"
	"crmkit/render"
	"crmkit/server/past"
	"crmkit/server/web"
	"crmkit/store"
	numbers "crmkit/store/aggregate"
	stored "crmkit/store/past"
	"crmkit/store/view"
)

// Params are the parameters of lists that ask for numbers.
var Params = crm.AggregateParams

// Endpoints are the lists of a store that answer numbers.
type Endpoints struct {
	store *store.Store
	past  *past.Endpoints
}

// New returns the endpoints of a store.
func New(s *store.Store, p *past.Endpoints) *Endpoints { return &Endpoints{s, p} }

// Lists returns the handler of a list, which with Params answers numbers; records is the handler without.
//
// Errors: those of a list, sum_too_large, and with at= or vs= those of the past.
func (x *Endpoints) Lists(records web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !aggregate.Asked(rq.Params) {
			return records(rq)
		}
		return x.answer(past.List{Request: rq})
	}
}

// Below returns the handler of a list of the records that refer to one with a field, which is like that of Lists.
//
// Errors: those of Lists, and not_found.
func (x *Endpoints) Below(parent *crm.Entity, field string, records web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if !aggregate.Asked(rq.Params) {
			return records(rq)
		}
		key, err := rq.Key(parent, rq.RecordID)
		if err != nil {
			return nil, err
		}
		return x.answer(past.List{Request: rq, Parent: parent, Key: key, Field: rq.Route.Entity.Field(field)})
	}
}

// read is what was read of one time.
type read struct {
	question *aggregate.Question
	numbers.Lines
	names   []map[int64]string // of the records that are groups, by the place of the group and the key
	remarks []string
}

// answer answers a request.
func (x *Endpoints) answer(in past.List) (*render.Response, error) {
	rq := in.Request
	if rq.Params.Has("deleted") {
		return nil, crm.Errorf(crm.InvalidFilter, "deleted=only lists deleted records and counts none: leave deleted out, or the parameters that ask for numbers.").On("deleted")
	}
	is, err := x.read(in, "at")
	if err != nil {
		return nil, err
	}
	doc := &document{in: in, read: is}
	if !rq.Params.Has("vs") {
		return doc.answer()
	}
	was, err := x.read(in, "vs")
	if err != nil {
		return nil, err
	}
	doc.was = &was
	return doc.answer()
}

// read reads the numbers of the time that a parameter names, which is at or vs; without it those of now.
func (x *Endpoints) read(in past.List, param string) (r read, err error) {
	rq := in.Request
	if rq.Params.Has(param) {
		return x.readPast(in, param)
	}
	params := rq.Params
	if in.Parent != nil {
		params = withParent(params, in)
	}
	if r.question, err = question(rq, params, rq.Env); err != nil && in.Parent == nil {
		return r, err
	}
	fault := err
	err = x.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		if in.Parent != nil {
			if err := x.readParent(v, in); err != nil {
				return err
			}
		}
		if fault != nil {
			return fault
		}
		if r.Lines, err = v.Numbers(r.question); err == nil {
			err = r.label()
		}
		return err
	})
	return r, err
}

// question compiles the parameters of a request, without those that say which time.
func question(rq *web.Request, params url.Values, env query.Env) (*aggregate.Question, error) {
	q, fault := aggregate.Parse(aggregate.Request{Entity: rq.Route.Entity, Params: without(params, past.ListParams...), Env: env, Compares: rq.Params.Has("vs")})
	if fault != nil {
		return nil, fault
	}
	return q, nil
}

// readParent reads the record to which the list belongs.
func (x *Endpoints) readParent(v *store.View, in past.List) error {
	rec, err := v.Record(in.Parent, in.Key)
	if err == nil {
		past.NoteFollowed(in.Request, rec, in.Key)
	}
	return err
}

// readPast reads the numbers of an earlier time.
func (x *Endpoints) readPast(in past.List, param string) (r read, err error) {
	rq := in.Request
	err = x.past.At(in, param, past.Look{
		Parse: func(params url.Values, env query.Env) ([]*crm.Entity, *crm.Error) {
			q, fault := aggregate.Parse(aggregate.Request{Entity: rq.Route.Entity, Params: params, Env: env, Compares: rq.Params.Has("vs")})
			if r.question = q; fault != nil {
				return nil, fault
			}
			return append(stored.Kinds(x.store.Schema, q.Query), q.Kinds()...), nil
		},
		Read: func(then view.PastView, at past.Moment) (err error) {
			if at.Parent.Entity != nil && param == "at" {
				past.NoteFollowed(rq, at.Parent, in.Key)
			}
			r.remarks = append(r.remarks, at.Remark)
			if r.Lines, err = then.Numbers(r.question); err == nil {
				err = r.label()
			}
			return err
		},
	})
	return r, err
}
