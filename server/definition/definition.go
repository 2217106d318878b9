// Package definition has what the endpoints of definitions (crm.Definition) have beside those of other
// records: a path takes the name of one in place of its id, and PUT writes it whole.
package definition

import (
	"net/url"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/draft"
	"crmkit/server/web"
	"crmkit/store"
)

// Endpoints are the handlers of a store.
type Endpoints struct {
	store *store.Store

	// Saved returns the document of a record that was written.
	Saved func(store.Outcome) *render.Response

	// Own has what kinds of definitions do in a way of their own, by their names.
	Own map[string]Own
}

// Own is what a kind of definitions does in a way of its own; nil: as all do.
type Own struct {
	Put  web.Handler                          // answers PUT and POST
	Show func(*web.Request, *render.Response) // completes the answer about one of them

	// Wrote completes the answer to a POST or PATCH, after its transaction and after a dry run.
	Wrote func(*web.Request, *render.Response) error
}

// New returns the handlers of a store.
func New(s *store.Store, saved func(store.Outcome) *render.Response) *Endpoints {
	return &Endpoints{store: s, Saved: saved, Own: map[string]Own{}}
}

// Routes returns the routes that the entity has and other records have not. Without a name of its own
// nothing says which record is written whole.
func (x *Endpoints) Routes(e *crm.Entity) []web.Route {
	if !isNamed(e) {
		return nil
	}
	put := x.put
	if own := x.Own[e.Name].Put; own != nil {
		put = own
	}
	return []web.Route{{Method: "PUT", Path: "/" + e.Route() + "/:id", Access: web.Manage, Group: e.Plural, Entity: e, Body: true, Params: web.PlanParams,
		Doc: "write the one of that " + e.Keys.Unique + " (admin)", Handle: x.shown(e, put)}}
}

// Adapt returns the row of a definition, made from that which other records have. Writes are for admins, and none
// is a line of a batch, because the lines after it were read before it. A path may have the name of the record.
func (x *Endpoints) Adapt(row web.Route) web.Route {
	if row.Method != "GET" {
		row.Access, row.AsLine = web.Manage, false
		row.Doc += " (admin)"
	}
	if own := x.Own[row.Entity.Name].Put; own != nil && row.Method == "POST" {
		row.Handle = x.shown(row.Entity, own)
	}
	if row.Method == "POST" || row.Method == "PATCH" {
		row.Handle = x.wrote(row.Entity, row.Handle)
	}
	if strings.HasSuffix(row.Path, "/:id") && isNamed(row.Entity) {
		row.Handle = x.named(x.shown(row.Entity, row.Handle))
	}
	return row
}

// shown returns the handler that completes its answer as the kind does.
func (x *Endpoints) shown(e *crm.Entity, next web.Handler) web.Handler {
	show := x.Own[e.Name].Show
	if show == nil {
		return next
	}
	return func(rq *web.Request) (*render.Response, error) {
		doc, err := next(rq)
		if err == nil && doc.Line != nil && doc.Result != "deleted" {
			show(rq, doc)
		}
		return doc, err
	}
}

// wrote returns the handler that completes the answer to a write as the kind does.
func (x *Endpoints) wrote(e *crm.Entity, next web.Handler) web.Handler {
	complete := x.Own[e.Name].Wrote
	if complete == nil {
		return next
	}
	return func(rq *web.Request) (*render.Response, error) {
		doc, err := next(rq)
		if err == nil && doc.Line != nil {
			err = complete(rq, doc)
		}
		return doc, err
	}
}

// isNamed reports whether the records of an entity have names that paths take.
func isNamed(e *crm.Entity) bool { return e.Keys.Unique != "" && e.Keys.Unique == e.LabelField }

// named returns the handler of a route whose path may have the name of a record instead of its id.
// The error is not_found, with the nearest name.
func (x *Endpoints) named(next web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		e := rq.Route.Entity
		if isID(e, rq.RecordID) {
			return next(rq)
		}
		rec, err := Find(rq, x.store, e, rq.RecordID)
		if err != nil {
			return nil, err
		}
		rq.RecordID = rec.ID
		return next(rq)
	}
}

// isID reports whether a segment of a path is meant as an id. No name begins so (fieldtype.Name).
func isID(e *crm.Entity, segment string) bool {
	return strings.HasPrefix(segment, e.Prefix+"_")
}

// Find returns the definition with a name.
//
// Errors: not_found, with the nearest name and all others.
func Find(rq *web.Request, s *store.Store, e *crm.Entity, name string) (rec crm.Record, err error) {
	q, fault := query.Parse(e, url.Values{e.Keys.Unique: {"eq:" + name}, "limit": {"1"}, "total": {"none"}}, rq.Env)
	if fault == nil { // else the name has characters that no name has
		page, err := s.List(rq.Context(), rq.Actor, q)
		if err != nil || len(page.Records) > 0 {
			return append(page.Records, rec)[0], err
		}
	}
	known, err := All(rq, s, e)
	if err != nil {
		return rec, err
	}
	var names []string
	for _, rec := range known {
		names = append(names, rec.Value(e.Keys.Unique).Text)
	}
	return rec, Missing(e, name, names)
}

// Missing returns the error for a definition that is not there, of those with some names.
func Missing(e *crm.Entity, name string, names []string) *crm.Error {
	if len(names) == 0 {
		return crm.Errorf(crm.NotFound, "there is no %s %s, since the workspace has no %s. An admin makes one with PUT /%s/%s.", e.Name, norm.Quote(name), e.Plural, e.Route(), norm.Quote(name))
	}
	return crm.Errorf(crm.NotFound, "there is no %s %s. There is %s; GET /%s lists them.", e.Name, norm.Quote(name), shown(names), e.Route()).Of(name, names)
}

// maxNamed is how many names an error lists.
const maxNamed = 20

// All returns all definitions of an entity in the workspace of a request, in the order of lists.
func All(rq *web.Request, s *store.Store, e *crm.Entity) (list []crm.Record, err error) {
	params := url.Values{"limit": {strconv.Itoa(e.MaxLimit)}, "total": {"none"}}
	for {
		q, fault := query.Parse(e, params, rq.Env)
		if fault != nil {
			return nil, fault
		}
		page, err := s.List(rq.Context(), rq.Actor, q)
		if err != nil {
			return nil, err
		}
		list = append(list, page.Records...)
		if !page.More {
			return list, nil
		}
		params.Set("cursor", q.Cursor(page.Records[len(page.Records)-1]))
	}
}

// put answers PUT: it makes the record with the name of the path, or gives the one that has it the fields of the
// body and no others.
//
// Errors: those of a body, admin_required, not_found for an id, version_conflict, plan_limit_reached.
func (x *Endpoints) put(rq *web.Request) (*render.Response, error) {
	e := rq.Route.Entity
	d, err := rq.Draft(e)
	if err != nil {
		return nil, err
	}
	var key int64
	if isID(e, rq.RecordID) {
		if key, err = rq.Key(e, rq.RecordID); err != nil {
			return nil, err
		}
	} else if fault := setName(rq, &d); fault != nil {
		return nil, fault
	}
	clearOthers(&d)
	return rq.Transact(func(tx *store.Tx) (*render.Response, error) {
		write := func() (store.Outcome, error) { return tx.Save(d) }
		if key != 0 {
			write = func() (store.Outcome, error) { return tx.Update(key, d) }
		}
		out, err := write()
		if err != nil {
			return nil, err
		}
		doc := x.Saved(out)
		doc.Upsert = true
		return doc, nil
	})
}

// setName gives a draft the name of the path. A body may repeat it.
func setName(rq *web.Request, d *store.Draft) *crm.Error {
	f := d.Entity.Field(d.Entity.Keys.Unique)
	name, fault := rq.Env.Reader(d.Entity).Normal(f, rq.RecordID)
	if fault != nil {
		return fault
	}
	if at := draft.InputAt(*d, f.Name); at >= 0 {
		if !d.Inputs[at].Value.Equal(name) {
			return crm.Errorf(crm.InvalidValue, "%s in the body is not the one of the path; leave it out. To rename the %s: PATCH /%s/%s.", f.Name, d.Entity.Name, d.Entity.Route(), name.Text).On(f.Name)
		}
		return nil
	}
	d.Inputs = append(d.Inputs, crm.Input{Field: f, Value: name})
	return nil
}

// clearOthers makes a draft clear what its client did not send.
func clearOthers(d *store.Draft) {
	for i := range d.Entity.Fields {
		if f := &d.Entity.Fields[i]; crm.Writable(f) && f.Stored() && f.Name != d.Entity.Keys.Unique && draft.InputAt(*d, f.Name) < 0 {
			d.Inputs = append(d.Inputs, crm.Input{Field: f})
		}
	}
}
