package definition

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/filtertext"
	"crmkit/render"
	"crmkit/server/web"
)

// ViewParam is the parameter that names a view, wherever a list's filters are taken.
const ViewParam = "view"

// TakeViews returns routes of an entity of which those that take filters take the name of a view as well. Its
// filters join those of the request before any handler reads them, so that a list with a view is the list with the
// filters of the view: its pages, its explanations, its dry runs.
func (x *Endpoints) TakeViews(e *crm.Entity, rows []web.Route) []web.Route {
	if e.IsDefinition() {
		return rows
	}
	for i := range rows {
		if row := &rows[i]; row.Lists || row.Many {
			row.Params = append(slices.Clone(row.Params), ViewParam, "where")
			row.Handle = x.withView(row.Handle)
		}
	}
	return rows
}

// withView returns the handler of requests whose view is replaced by its filters.
func (x *Endpoints) withView(next web.Handler) web.Handler {
	return func(rq *web.Request) (*render.Response, error) {
		if rq.Params.Has(ViewParam) {
			params, err := x.Expand(rq, rq.Route.Entity, rq.Params)
			if err != nil {
				return nil, err
			}
			rq.Params = params
		}
		return next(rq)
	}
}

// Filter returns the parameters in a text with filters of an entity, which may name a view.
//
// Errors: those of filtertext.Text, and of Expand.
func (x *Endpoints) Filter(rq *web.Request, e *crm.Entity, text filtertext.Text) (url.Values, error) {
	params, fault := text.Params()
	if fault != nil {
		return nil, fault
	}
	return x.Expand(rq, e, params)
}

// Expand returns parameters of a list of an entity with the filters of the view that they name, if any. All of the
// conditions must hold.
//
// Errors: invalid_filter for several views, and for a view that is not there or of another kind; the error of the
// list for one whose filters it does not take any more.
func (x *Endpoints) Expand(rq *web.Request, e *crm.Entity, params url.Values) (url.Values, error) {
	names := params[ViewParam]
	switch {
	case len(names) == 0:
		return params, nil
	case len(names) > 1:
		return nil, crm.Errorf(crm.InvalidFilter, "view is given %d times; send it once, and the conditions of the others as they are.", len(names)).On(ViewParam)
	}
	view := rq.Env.Schema.ByName("view")
	rec, err := Find(rq, x.store, view, names[0])
	missing := (*crm.Error)(nil)
	switch {
	case errors.As(err, &missing) && missing.Code == crm.NotFound:
		return nil, x.noView(rq, e, names[0])
	case err != nil:
		return nil, err
	}
	name, of := rec.Value("name").Text, rq.Env.Schema.ByName(rec.Value("kind").Text)
	if of != e {
		return nil, crm.Errorf(crm.InvalidFilter, "view %s is one of %s, not of %s: GET /%s?view=%s.", name, of.Plural, e.Plural, of.Route(), name).On(ViewParam)
	}
	filters, fault := filtertext.OfView(rec)
	if fault == nil {
		_, fault = query.Parse(e, filters, rq.Env)
	}
	if fault != nil {
		fault.Hint = fmt.Sprintf(`view %s (%s) does not work any more: %s An admin corrects it with PATCH /views/%s {"query":…}.`, name, norm.Quote(rec.Value("query").Text), fault.Hint, name)
		return nil, fault.On(ViewParam)
	}
	both := maps.Clone(params)
	delete(both, ViewParam)
	for name, values := range filters {
		both[name] = append(slices.Clone(values), both[name]...)
	}
	return both, nil
}

// noView returns the error for a view of an entity that is not there, with those of the entity.
func (x *Endpoints) noView(rq *web.Request, e *crm.Entity, name string) error {
	all, err := All(rq, x.store, rq.Env.Schema.ByName("view"))
	if err != nil {
		return err
	}
	var names []string
	for _, rec := range all {
		if rec.Value("kind").Text == e.Name {
			names = append(names, rec.Value("name").Text)
		}
	}
	if len(names) == 0 {
		return crm.Errorf(crm.InvalidFilter, `there is no view %s, since there is none of %s. GET /views lists those of all kinds; an admin makes one with PUT /views/{name} {"kind":"%s","query":…}.`, norm.Quote(name), e.Plural, e.Plural).On(ViewParam)
	}
	return crm.Errorf(crm.InvalidFilter, "there is no view %s of %s; there is %s.", norm.Quote(name), e.Plural, shown(names)).On(ViewParam).Of(strings.ToLower(name), names)
}

// shown returns names for an error, which does not list very many.
func shown(names []string) string {
	text := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if more := len(names) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
