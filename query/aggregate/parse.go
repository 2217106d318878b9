package aggregate

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// Request is a request for numbers of a list.
type Request struct {
	Entity   *crm.Entity
	Params   url.Values
	Env      query.Env
	Compares bool // the answer has two times
}

// Parse compiles a request. Everything that it does not take is an error: an answer without the group
// that was meant would look like a right one.
func Parse(rq Request) (*Question, *crm.Error) {
	q := &Question{Compares: rq.Compares, zone: rq.Env.Zone, Env: rq.Env}
	if fault := rq.refuse(); fault != nil {
		return nil, fault
	}
	if fault := q.parseGroups(rq); fault != nil {
		return nil, fault
	}
	for _, f := range Funcs {
		if fault := q.parseMeasures(rq, f); fault != nil {
			return nil, fault
		}
	}
	q.addCurrencies(rq)
	if fault := q.parseRest(rq); fault != nil {
		return nil, fault
	}
	rest := maps.Clone(rq.Params)
	for _, name := range append(slices.Clone(crm.AggregateParams), "sort") {
		delete(rest, name)
	}
	var fault *crm.Error
	if q.Query, fault = query.Parse(rq.Entity, rest, rq.Env); fault == nil {
		q.Query.Total = query.TotalExact
	}
	return q, fault
}

// pageParams are the parameters of pages of records, which an answer of numbers does not have.
var pageParams = []string{"cursor", "limit", "fields", "total", "times"}

// refuse returns the error for parameters that cannot be combined.
func (rq Request) refuse() *crm.Error {
	for _, name := range pageParams {
		if rq.Params.Has(name) {
			return crm.Errorf(crm.InvalidFilter, "%s= is of pages of records, and cannot be combined with %s=, which answers numbers: leave one of them out. An answer has at most %d lines and no pages; sort=-count shows the largest groups first.",
				name, rq.first(), MaxLines).On(name)
		}
	}
	for _, name := range []string{"count", "links", "sort"} {
		if len(rq.Params[name]) > 1 {
			return crm.Errorf(crm.InvalidFilter, "%s is given %d times; send it once.", name, len(rq.Params[name])).On(name)
		}
	}
	return nil
}

// first returns the first parameter that asks for numbers.
func (rq Request) first() string {
	return crm.AggregateParams[slices.IndexFunc(crm.AggregateParams, rq.Params.Has)]
}

// parseRest reads count=, links= and sort=, which depend on the groups and measures.
func (q *Question) parseRest(rq Request) *crm.Error {
	if value := rq.Params.Get("count"); rq.Params.Has("count") {
		switch {
		case value != "only":
			return crm.Errorf(crm.InvalidValue, "count=%s is not known; write count=only for the number of records alone, or leave it out: each line of groups and sums has a count.", norm.Quote(value)).On("count").Of(value, []string{"only"})
		case len(q.Groups)+len(q.Measures) > 0 || rq.Params.Has("links") || rq.Params.Has("sort"):
			return crm.Errorf(crm.InvalidFilter, "count=only is the number of records alone, and cannot be combined with %s; leave it out: each line of groups and sums has a count.", strings.Join(rq.others(), " ")).On("count")
		}
		q.TotalOnly = true
		return nil
	}
	if len(q.Groups)+len(q.Measures) == 0 {
		return crm.Errorf(crm.InvalidFilter, "%s= needs a group or a measure beside it, like group=%s.", rq.first(), exampleGroup(rq.Entity)).On(rq.first())
	}
	if rq.Params.Has("links") {
		if value := rq.Params.Get("links"); value != "1" {
			return crm.Errorf(crm.InvalidValue, "links=%s is not known; write links=1 for the path of the records of each line, or leave it out.", norm.Quote(value)).On("links").Of(value, []string{"1"})
		}
		q.Links = true
	}
	return q.parseSort(rq)
}

// others returns the parameters, as a hint shows them, with which count=only cannot be combined.
func (rq Request) others() (names []string) {
	for _, name := range append(slices.Clone(crm.AggregateParams), "sort") {
		if name != "count" && rq.Params.Has(name) {
			names = append(names, name+"=")
		}
	}
	return names
}

// parseSort reads sort=, a column of the answer.
func (q *Question) parseSort(rq Request) *crm.Error {
	q.Sort = Sort{Group: 0, Measure: -1}
	if len(q.Groups) == 0 {
		q.Sort.Group = -1
	}
	if !rq.Params.Has("sort") {
		return nil
	}
	name, desc := strings.CutPrefix(rq.Params.Get("sort"), "-")
	columns := q.Columns()
	if !slices.Contains(columns, name) {
		return crm.Errorf(crm.InvalidSort, "the lines cannot be sorted by %s; sort by one of their columns: %s. Put - before it for descending order.",
			norm.Quote(name), strings.Join(columns, " ")).On("sort").Of(name, columns)
	}
	q.Sort.Desc = desc
	for i := range q.Groups {
		if q.Groups[i].Name == name {
			q.Sort.Group = i
			return nil
		}
	}
	q.Sort.Group = -1
	if q.Compares {
		for _, part := range []Part{Then, Diff} {
			if base, is := strings.CutSuffix(name, string(part)); is {
				name, q.Sort.Part = base, part
			}
		}
	}
	q.Sort.Measure = slices.IndexFunc(q.Measures, func(m Measure) bool { return m.Name == name })
	return nil
}

// items splits the values of a parameter at commas that are not within brackets or quotes.
func items(values []string) (list []string) {
	for _, value := range values {
		start, depth, quoted := 0, 0, false
		for i := 0; i < len(value); i++ {
			switch c := value[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case c == '(':
				depth++
			case c == ')':
				depth--
			case c == ',' && depth <= 0:
				list = append(list, strings.TrimSpace(value[start:i]))
				start = i + 1
			}
		}
		list = append(list, strings.TrimSpace(value[min(start, len(value)):]))
	}
	return list
}
