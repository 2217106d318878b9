package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/param"
)

// readQuery makes a request with the method QUERY the GET that it stands for: the form in its body has further
// parameters, which may be longer than a URL.
//
// Errors: those of a body, invalid_filter for a form that cannot be read.
func (rq *Request) readQuery() error {
	if rq.Method != methodQuery {
		return nil
	}
	data, fault := rq.Bytes()
	if fault != nil {
		return fault
	}
	raw := string(data)
	if strings.HasPrefix(strings.TrimSpace(raw), "{") {
		return crm.Errorf(crm.UnsupportedMedia, "the body of QUERY is a form, as behind the ? of GET %s: stage=lead&limit=20.", rq.Path)
	}
	if rq.URL.RawQuery != "" && raw != "" {
		raw = "&" + raw
	}
	if rq.Params, fault = param.All(rq.URL.RawQuery + raw); fault != nil {
		return fault
	}
	asked := *rq.Request
	asked.Method = http.MethodGet
	rq.Request = &asked
	rq.Media = mediaOf(rq.Request, rq.Params, rq.Route)
	rq.Format = formatOf(rq.Media)
	return nil
}

// stoppedByClient reports whether a request was not finished because its client is gone, which is no
// fault of the server. A fault that the server had meanwhile has another status.
func stoppedByClient(rq *Request, status int) bool {
	return status == http.StatusServiceUnavailable && errors.Is(rq.Context().Err(), context.Canceled)
}

// dropEmpty drops the empty parameters of a GET that is not a stream, and returns them as
// they were written: agents fill in patterns like /activities?contact=&deal=&limit=. In
// exports, where a dropped filter matters more, an empty parameter is an error.
func (rq *Request) dropEmpty() (ignored []string) {
	if len(rq.Params) == 0 || rq.Method != http.MethodGet && rq.Method != http.MethodHead || rq.Route.Access == Public || rq.Route.Protocol != nil || rq.Route.Stream != NoStream {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(rq.Params)) {
		values := slices.DeleteFunc(slices.Clone(rq.Params[name]), func(v string) bool { return v == "" })
		if len(values) == len(rq.Params[name]) || !rq.takes(name) {
			continue // checkParams refuses unknown names, like amount_cents>100
		}
		ignored = append(ignored, norm.Quote(name)+"=")
		if rq.Params[name] = values; len(values) == 0 {
			delete(rq.Params, name)
		}
	}
	return ignored
}

// checkParams refuses query parameters that the route does not have: a misspelled one that is
// ignored would give an answer to another question. Lists check theirs when they compile the
// query.
func checkParams(rq *Request) error {
	if fault := rq.readBudget(); fault != nil {
		return fault
	}
	if format := rq.Params.Get("format"); rq.Params.Has("format") && !slices.Contains(rq.Route.Formats(), format) {
		formats := rq.Route.Formats()
		err := crm.Errorf(crm.InvalidValue, "format=%s is not known; write format=%s.", norm.Quote(format), strings.Join(formats, " or format=")).On("format").Of(format, formats)
		if e := rq.Route.Entity; e != nil && rq.Route.Lists && slices.Contains((&Route{Stream: Exporting}).Formats(), format) {
			err.Hint += " For all records in that format: GET /export/" + e.Route() + "?format=" + format + "."
		}
		return err
	}
	if rq.Route.Lists || rq.Route.Protocol != nil || len(rq.Params) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(rq.Params)) { // the same request gets the same error
		values := rq.Params[name]
		if rq.Route.Many && !slices.Contains(rq.Route.Params, name) {
			continue // a filter
		}
		if len(values) > 1 {
			return crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", norm.Quote(name), len(values)).On(name)
		}
		if name == "dry_run" && rq.Method != http.MethodGet && !rq.Route.hasDryRuns() {
			return crm.Errorf(crm.UnknownField, "%s %s has no dry run: dry_run is for writes of records and for imports. Nothing was done; leave it out to do it.", rq.Route.Method, rq.Route.Pattern()).On(name)
		}
		if name != "confirm" && rq.Method != http.MethodGet && slices.Contains(rq.Route.Params, name) && strings.TrimSpace(values[0]) == "" {
			return crm.Errorf(crm.InvalidValue, "%s= is empty. Nothing was done: in a write an empty parameter is refused, since its value may have been lost. Send a value, or leave it out.", name).On(name)
		}
		if name != "format" && !rq.Route.hasParam(name) {
			allowed := slices.Concat(rq.Route.Params, []string{"format"}, map[bool][]string{true: {budgetParam}}[rq.mayHaveBudget()])
			return crm.Errorf(crm.UnknownField, "%s %s has no parameter %s; it takes %s.",
				rq.Route.Method, rq.Route.Pattern(), norm.Quote(name), strings.Join(allowed, " ")).On(name).Of(name, allowed)
		}
	}
	return nil
}

// hasParam reports whether a route has a parameter. One that ends with a dot stands for all names that
// begin so.
func (r *Route) hasParam(name string) bool {
	return slices.ContainsFunc(r.Params, func(p string) bool {
		return p == name || strings.HasSuffix(p, ".") && len(name) > len(p) && strings.HasPrefix(name, p)
	})
}

// takes reports whether the route has a parameter of the name.
func (rq *Request) takes(name string) bool {
	return name == "format" || name == budgetParam || rq.Route.hasParam(name) || rq.Route.Lists && rq.Env.Takes(rq.Route.Entity, name)
}
