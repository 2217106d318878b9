package server

import (
	"time"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
)

// list answers GET on a collection with a page. An empty page explains itself (explain.go).
//
// Errors: invalid_filter, invalid_op, invalid_value, invalid_sort, invalid_cursor, and
// unknown_field for a name in fields=.
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

// listIn answers a list from one view, so that page, total and remarks agree. The spellings of
// a search are found in the same view.
func (s *Server) listIn(v *store.View, rq *web.Request, q *query.Query) (*render.Response, error) {
	// A search that is run again with other spellings is another query, whose cursor the page has.
	search := &spellingSearch{entity: q.Entity, read: func(to *spellingSearch, env query.Env) (err error) {
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
	spellings, err := searchWithSpellings(v, rq.Env, []*spellingSearch{search})
	if err != nil {
		return nil, err
	}
	page := search.page
	doc := listing.Of(q, page)
	doc.Remarks = append(doc.Remarks, spellingRemarks(spellings)...)
	// The first and the last page of the log say where it begins.
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
	env.Fuzzy = spellings
	params := rq.RawParams // a filter that the handler added, like the parent in the path, is no condition of the client
	if params == nil {
		params = rq.Params
	}
	why, err := s.explain(v, rq.Route.Entity, params, env)
	doc.Remarks = append(doc.Remarks, why...)
	return doc, err
}

// listBelow answers GET on the records that belong to one, like its activities, with a page. It
// is the list with one more filter, except that a parent which does not exist is not_found
// instead of an empty page.
func (s *Server) listBelow(rq *web.Request, p parent) (doc *render.Response, err error) {
	key, err := rq.Key(p.entity, rq.RecordID)
	if err != nil {
		return nil, err
	}
	rq.RawParams = rq.Params
	rq.Params = listing.WithParam(rq.Params, rq.Route.Entity.Field(p.field).Path(), crm.RecordID(p.entity.Prefix, key))
	q, fault := query.Parse(rq.Route.Entity, rq.Params, rq.Env)
	err = s.store.View(rq.Context(), rq.Actor, func(v *store.View) error {
		if err := prepare(v, q); err != nil {
			return err
		}
		rec, err := v.Record(p.entity, key)
		if err != nil {
			return err
		}
		noteFollowed(rq, rec, key)
		if fault != nil {
			return fault
		}
		doc, err = s.listIn(v, rq, q)
		return err
	})
	return doc, err
}

// prepare loads the text that a query searches, for a query that is not the first read of its
// view: a view that has begun loads no text, since that would be of a later commit.
func prepare(v *store.View, q *query.Query) error {
	if q == nil || q.Terms == nil {
		return nil
	}
	return v.Prepare(q.Entity, q.Terms)
}

// logBegins says since when the log has entries, if older ones were deleted: an audit that shows
// no change must not be taken for proof that nothing changed.
func logBegins(v *store.View) ([]string, error) {
	at, err := v.LogTrimmed()
	if at.IsZero() || err != nil {
		return nil, err
	}
	return []string{"the log begins " + at.UTC().Format(time.RFC3339) + "; older entries were deleted"}, nil
}
