package trash

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
	"crmkit/server/web"
	"crmkit/store"
	"crmkit/store/undo"
)

// Param is the parameter with which lists are of deleted records.
const Param = "deleted"

// Endpoints are the handlers about deleted records.
type Endpoints struct {
	store *store.Store

	// AtOnce is up to how many changes a restore undoes in one transaction. First is how many it undoes in its
	// first one if there are more.
	AtOnce, First int64
}

// New returns handlers on a store, which from then on brings restores to their end.
func New(s *store.Store) *Endpoints {
	s.SetRestore(undo.Resume)
	return &Endpoints{s, 1000, 300}
}

// Routes returns the routes of restores.
func (x *Endpoints) Routes() (rows []web.Route) {
	for _, e := range x.store.Schema.Entities {
		access := web.Write
		if e.IsDefinition() {
			access = web.Manage
		}
		if !e.IsView() && e.Can(crm.Delete) {
			rows = append(rows, web.Route{Method: "POST", Path: "/" + e.Route() + "/:id/restore", Access: access, Group: e.Plural, Entity: e, AsLine: !e.IsDefinition(),
				Params: append(slices.Clone(web.PlanParams), "without"), Doc: "bring back a deleted one", Handle: x.restore})
		}
	}
	return rows
}

// Lists returns the handler of a list, which with deleted=only is of the deleted records.
func (x *Endpoints) Lists(there web.Handler) web.Handler { return either(x.list, there) }

// Fetches returns the handler of one record, which with deleted=only is a deleted one.
func (x *Endpoints) Fetches(there web.Handler) web.Handler { return either(x.fetch, there) }

// ListsBelow is Lists for the records that belong to another one, to which a field refers.
func (x *Endpoints) ListsBelow(above *crm.Entity, field string, there web.Handler) web.Handler {
	return either(func(rq *web.Request) (*render.Response, error) {
		key, err := rq.Key(above, rq.RecordID)
		if err != nil {
			return nil, err
		}
		rq.Params[field] = append(rq.Params[field], crm.RecordID(above.Prefix, key))
		return x.list(rq)
	}, there)
}

// either returns the handler of both: with deleted=only of deleted records.
func either(deleted, there web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		switch value := rq.Params.Get(Param); {
		case !rq.Params.Has(Param), rq.Params.Has("at"), rq.Params.Has("vs"): // the past refuses to be combined
			return there(rq)
		case value != "only":
			return nil, crm.Errorf(crm.InvalidValue, "deleted=%s: write deleted=only for the deleted records, or leave it out for those that are there.", norm.Quote(value)).On(Param).Of(value, []string{"only"})
		}
		return deleted(rq)
	}
}
