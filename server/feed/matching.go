package feed

import (
	"net/url"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/changelog"
)

// Expand returns filters of an entity with those of the view that they name.
type Expand func(rq *web.Request, e *crm.Entity, params url.Values) (url.Values, error)

// matching is which records a question is about: those that match filters when the log is read.
type matching struct {
	kind    *crm.Entity // nil: all records
	filters url.Values
}

// readMatching reads where= and view=, which are about records of one kind.
//
// Errors: invalid_filter, ambiguous_filter, those of views.
func (x *Endpoints) readMatching(rq *web.Request, q *question) error {
	filters := url.Values{}
	for _, name := range []string{"where", "view"} {
		if rq.Params.Has(name) {
			filters[name] = rq.Params[name]
		}
	}
	if len(filters) == 0 {
		return nil
	}
	if len(q.kinds) != 1 {
		return crm.Errorf(crm.InvalidFilter, "where= and view= are about records of one kind; say which, like kind=deal&where=status=open.").On("kind")
	}
	e := rq.Env.Schema.ByName(q.kinds[0])
	if e.IsView() {
		return crm.Errorf(crm.InvalidFilter, "where= and view= are about records, and %s are none; leave them out.", norm.Quote(e.Plural)).On("kind")
	}
	filters, err := x.expand(rq, e, filters)
	if err != nil {
		return err
	}
	if _, fault := query.Parse(e, filters, rq.Env); fault != nil {
		return fault
	}
	q.of = matching{kind: e, filters: filters}
	return nil
}

// in returns what finds the records in a view. Distances from now are those of the time of reading, since a reader may
// have waited long.
func (m matching) in(v *store.View, env query.Env) (match changelog.Match, err error) {
	if m.kind == nil {
		return match, nil
	}
	q, fault := query.Parse(m.kind, m.filters, env)
	if fault != nil {
		return match, fault
	}
	return changelog.Match{Kind: m.kind, Find: func(keys []int64) (map[int64]int64, error) { return v.Versions(m.kind, q, keys) }}, nil
}
