package bulkedit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/fieldpath"
	"crmkit/render"
	"crmkit/server/plan"
	"crmkit/server/web"
	"crmkit/store"
)

// The most records of a request.
const (
	Max       = 10_000 // their keys and receipts are held in memory, and the answer comes in some seconds
	MaxAtomic = 1000   // in one transaction, for which other writes wait
)

// own are the parameters besides the filters.
var own = []string{"all", "atomic", "dry_run", "confirm", "limit", "cursor"}

// Endpoints are the handlers of writes of many records.
type Endpoints struct {
	store   *store.Store
	explain Explain

	// AtOnce is up to how many records are written in one transaction, which is exact: it saves nothing
	// unless all is as planned. StepRecords is how many a step writes at most.
	AtOnce, StepRecords int
}

// Explain says why filters match no record.
type Explain func(v *store.View, e *crm.Entity, filters url.Values, env query.Env) ([]string, error)

// New returns handlers on a store.
func New(s *store.Store, explain Explain) *Endpoints { return &Endpoints{s, explain, 200, 500} }

// Routes returns the routes of an entity with a list.
func (x *Endpoints) Routes(e *crm.Entity) (rows []web.Route) {
	base := web.Route{Path: "/" + e.Route(), Entity: e, Group: e.Plural, Params: own, Many: true, Asks: true, Handle: x.handle}
	if e.Can(crm.List) && e.Can(crm.Update) {
		row := base
		row.Method, row.Access, row.Body, row.Doc = "PATCH", web.Write, true, "change all that match"
		rows = append(rows, row)
	}
	if e.Can(crm.List) && e.Can(crm.Delete) {
		row := base
		row.Method, row.Access, row.Doc = "DELETE", web.Full, "delete all that match"
		rows = append(rows, row)
	}
	return rows
}

// edit is a write of many records.
type edit struct {
	x      *Endpoints
	rq     *web.Request
	entity *crm.Entity
	draft  *store.Draft // nil: the records are deleted
	query  *query.Query
	params url.Values // the filters of query
	atomic bool
	page   plan.Page // the effects that the answer shows
}

// handle answers a write of all records that match.
//
// Errors: those of a list for the filters, those of a body, invalid_filter without a filter or with
// more records than a request may write, confirmation_required, plan_stale, not_ready if the filters
// take too long, and those of each record.
func (x *Endpoints) handle(rq *web.Request) (*render.Response, error) {
	asked, fault := rq.Planning()
	if fault != nil {
		return nil, fault
	}
	r := &edit{x: x, rq: rq, entity: rq.Route.Entity}
	if err := r.parse(); err != nil {
		return nil, err
	}
	if doc, err := rq.SavedAnswer(); doc != nil || err != nil {
		return doc, err
	}
	switch {
	case r.page.Token != "":
		return r.further()
	case asked.Token != "":
		return r.confirmed(asked.Token)
	}
	return r.preview(asked)
}

// parse reads the parameters and the body.
func (r *edit) parse() (err error) {
	var fault *crm.Error
	if r.atomic, fault = r.rq.IsOn("atomic"); fault != nil {
		return fault
	}
	if r.page, fault = plan.ParsePage(r.rq.Params); fault != nil {
		return fault
	}
	if fault = r.parseFilters(); fault != nil {
		return fault
	}
	if r.rq.Method == "DELETE" {
		return nil
	}
	d, err := r.rq.Draft(r.entity)
	if err != nil {
		return err
	}
	if fault := r.checkDraft(d); fault != nil {
		return fault
	}
	r.draft = &d
	return nil
}

// parseFilters compiles the filters. Without one, or with one that is empty, the client may have lost
// a variable, and does not mean every record.
func (r *edit) parseFilters() *crm.Error {
	all, fault := r.rq.IsOn("all")
	if fault != nil {
		return fault
	}
	filters := maps.Clone(r.rq.Params)
	maps.DeleteFunc(filters, func(name string, _ []string) bool { return name == "format" || slices.Contains(own, name) })
	if fault := checkFilters(r.entity, filters); fault != nil {
		return fault
	}
	path := r.rq.Method + " /" + r.entity.Route()
	switch {
	case len(filters) == 0 && !all:
		return crm.Errorf(crm.InvalidFilter, "%s without a filter would be about every record. Nothing was done. Send filters as for GET /%s, or all=1 if you mean all %s. For one record: %[1]s/{id}.", path, r.entity.Route(), r.entity.Plural)
	case len(filters) > 0 && all:
		return crm.Errorf(crm.InvalidFilter, "all=1 means every record, and the request has filters too. Nothing was done; send one of them.").On("all")
	}
	r.params = filters
	r.query, fault = query.Parse(r.entity, filters, r.rq.Env)
	return fault
}

// checkFilters refuses the other parameters of a list, and empty values. A list ignores these.
func checkFilters(e *crm.Entity, filters url.Values) *crm.Error {
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if name != "search" && slices.Contains(crm.ListParams, name) {
			return crm.Errorf(crm.InvalidFilter, "%s has no meaning for a write of all that match. Nothing was done; leave it out.", name).On(name)
		}
		if slices.ContainsFunc(filters[name], func(value string) bool { return strings.TrimSpace(value) == "" }) {
			instead := "Send its value, or leave it out."
			if name != "search" && fieldpath.FindsNull(e, name) {
				instead = fmt.Sprintf("For records without a value write %s=is:null; else leave it out.", norm.Quote(name))
			}
			return crm.Errorf(crm.InvalidFilter, "%s= is empty. Nothing was done: in a write an empty filter is refused, since its value may have been lost. %s", norm.Quote(name), instead).On(name)
		}
	}
	return nil
}

// checkDraft refuses what cannot be set in many records at once.
func (r *edit) checkDraft(d store.Draft) *crm.Error {
	if d.Version != 0 {
		return crm.Errorf(crm.InvalidValue, "version and If-Match are for one record. Leave them out: a confirmation writes only what its dry run has shown.").On(crm.FieldVersion)
	}
	if len(d.Inputs) == 0 {
		return crm.Errorf(crm.MissingField, "the body has no field to change; send at least one.")
	}
	for _, in := range d.Inputs {
		keys := slices.Concat(append(r.entity.Keys.All(), r.entity.Keys.Items)...)
		if sets := in.Mode != crm.CheckOnly && in.Value.Set(); sets && slices.Contains(keys, in.Field.Name) {
			return crm.Errorf(crm.InvalidValue, "%s is unique, so it cannot be set in many records at once. Change them one by one, or with POST /batch.", in.Field.Name).On(in.Field.Name)
		}
	}
	return r.checkMembers(d)
}

// checkMembers refuses values of unique declared fields.
func (r *edit) checkMembers(d store.Draft) *crm.Error {
	k := r.rq.Env.Shape.Kind(r.entity)
	for _, in := range d.Inputs {
		if in.Field.Type.Kind() != crm.ObjectKind || in.Mode == crm.CheckOnly {
			continue
		}
		for _, sent := range in.Value.Members() {
			if m := k.Member(sent.Name); m != nil && m.Of.Unique && sent.JSON != "null" && sent.JSON != "" {
				return crm.Errorf(crm.InvalidValue, "%s is unique, so it cannot be set in many records at once. Change them one by one, or with POST /batch.", m.Name).On(m.Name)
			}
		}
	}
	return nil
}

// Keys returns the keys of the records that a query finds, lowest first, and one more than Max if
// there are more. field is what errors name.
func Keys(v *store.View, q *query.Query, field string) ([]int64, error) {
	keys, err := v.Keys(q, Max+1)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, crm.Errorf(crm.NotReady, "the filter took too long; nothing was saved. Narrow it, for example with created_at=, and send several requests.").On(field)
	}
	return keys, err
}

// matching returns the keys of the records that match now, one more than Max at most.
func (r *edit) matching() (keys []int64, err error) {
	err = r.x.store.View(r.rq.Context(), r.rq.Actor, func(v *store.View) error {
		if r.query.Terms != nil {
			if err := v.Prepare(r.entity, r.query.Terms); err != nil {
				return err
			}
		}
		keys, err = Keys(v, r.query, "")
		return err
	})
	return keys, err
}

// find returns the keys of the records to write.
func (r *edit) find() ([]int64, error) {
	keys, err := r.matching()
	most, instead := Max, "Narrow them, for example with created_at=, and send several requests."
	if r.atomic {
		most, instead = MaxAtomic, "Narrow them, or leave atomic out: then records that fail are named, and the others are saved."
	}
	if err == nil && len(keys) > most {
		err = crm.Errorf(crm.InvalidFilter, "the filters match more than %d %s, the most that one request writes%s. Nothing was done. %s", most, r.entity.Plural, map[bool]string{true: " with atomic=1"}[r.atomic], instead)
	}
	return keys, err
}
