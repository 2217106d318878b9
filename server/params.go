package server

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// dropEmpty leaves out the empty parameters of a GET that is answered whole, as agents
// send them who fill in a pattern like /activities?contact=&deal=&limit=. It returns
// them as they were written. Where more depends on a filter, in exports and stored
// filters, an empty one is an error.
func (rq *request) dropEmpty() (ignored []string) {
	if rq.Method != http.MethodGet && rq.Method != http.MethodHead || rq.route.Access == public || rq.route.LenientMedia || rq.route.Stream != fullAnswer {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(rq.params)) {
		values := slices.DeleteFunc(slices.Clone(rq.params[name]), func(v string) bool { return v == "" })
		if len(values) == len(rq.params[name]) || !rq.takes(name) {
			continue // what is unknown is refused, for amount_cents>100 is such a name
		}
		ignored = append(ignored, norm.Quote(name)+"=")
		if rq.params[name] = values; len(values) == 0 {
			delete(rq.params, name)
		}
	}
	return ignored
}

// checkParams refuses query parameters the route does not know. Lists check
// theirs when they compile the question.
func checkParams(rq *request) error {
	if format := rq.params.Get("format"); rq.params.Has("format") && !slices.Contains(rq.route.formats(), format) {
		formats := rq.route.formats()
		err := crm.Errorf(crm.InvalidValue, "format=%s is not known; write format=%s.", norm.Quote(format), strings.Join(formats, " or format=")).On("format").Of(format, formats)
		if e := rq.route.Entity; e != nil && rq.route.Lists && slices.Contains((&route{Stream: exports}).formats(), format) {
			err.Hint += " All of a kind in that form: GET /export/" + e.Route() + "?format=" + format + "."
		}
		return err
	}
	if rq.route.Lists || rq.route.LenientMedia {
		return nil
	}
	for name, values := range rq.params {
		if len(values) > 1 {
			return crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", norm.Quote(name), len(values)).On(name)
		}
		if name != "format" && !slices.Contains(rq.route.Params, name) {
			allowed := append(slices.Clone(rq.route.Params), "format")
			return crm.Errorf(crm.UnknownField, "%s %s has no parameter %s; it takes %s.",
				rq.route.Method, rq.route.Pattern(), norm.Quote(name), strings.Join(allowed, " ")).On(name).Of(name, allowed)
		}
	}
	return nil
}

// takes reports whether the route knows a parameter.
func (rq *request) takes(name string) bool {
	return name == "format" || slices.Contains(rq.route.Params, name) || rq.route.Lists && query.Takes(rq.route.Entity, name)
}
