package aggregate

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query/aggregate"
	"crmkit/query/fieldpath"
	"crmkit/server/past"
)

// manyLines says how many lines there would be.
func manyLines(answer aggregate.Answer) string {
	text := fmt.Sprintf("%d groups; the first %d are shown, (others) has the rest", answer.Groups, aggregate.MaxLines)
	if answer.Uncounted {
		text += ", for which different values are not counted"
	}
	return text
}

// unitLabel returns how answers show a unit of time.
func (d *document) unitLabel(g *aggregate.Group, v crm.Value) string {
	return g.Unit.Label(g.ZoneIn(d.in.Request.Env.Zone), v.Int)
}

// link returns the path that lists the records of a line, if the request asks for it.
func (d *document) link(l *aggregate.Line) string {
	rq := d.in.Request
	if !d.question.Links || l.Others || d.question.Shares() {
		return ""
	}
	params := without(rq.Params, append(slices.Clone(Params), "sort", "vs", "format")...)
	for i, v := range l.Keys {
		g := &d.question.Groups[i]
		name, known := filterName(d.question.Query.Entity, g)
		filters, ok := d.filters(g, v)
		if !known || !ok {
			return ""
		}
		params[name] = append(slices.Clone(params[name]), filters...)
	}
	return rq.Path + "?" + readable.Replace(params.Encode())
}

// filterName returns the name of the filter that has the values of a group. There is none where the group is a field of the
// main contact of a deal, since a filter of that name is about any of its people.
func filterName(e *crm.Entity, g *aggregate.Group) (name string, known bool) {
	for _, name := range []string{g.Path, g.Target.Field.Name} {
		if t, found := fieldpath.ResolveFilter(e, name); found && t.Same(g.Target) {
			return name, true
		}
	}
	return "", false
}

// readable unescapes what may stand in a query string, as answers show paths elsewhere.
var readable = strings.NewReplacer("%3A", ":", "%2C", ",", "%40", "@", "%2F", "/", "%28", "(", "%29", ")")

// filters returns the filters that find the records of a group. ok is false if none do.
func (d *document) filters(g *aggregate.Group, v crm.Value) (list []string, ok bool) {
	switch to := g.Leads(); {
	case !v.Set():
		return []string{"is:null"}, true
	case g.Unit != "":
		first, after := g.Unit.Days(g.ZoneIn(d.in.Request.Env.Zone), v.Int)
		return []string{"gte:" + first, "lt:" + after}, true
	case to != nil:
		return []string{crm.RecordID(to.Prefix, v.Int)}, true
	case v.Kind == crm.FlagKind:
		return []string{[...]string{"no", "yes"}[v.Int]}, true
	case v.Kind == crm.IntKind:
		return []string{fmt.Sprint(v.Int)}, true
	case strings.HasSuffix(v.Text, "…") && g.Target.Key != "":
		return nil, false // it is cut
	case strings.Contains(v.Text, ":"):
		return []string{"eq:" + v.Text}, true
	}
	return []string{v.Text}, true
}

// without returns parameters without some of them.
func without(params url.Values, names ...string) url.Values {
	rest := maps.Clone(params)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

// withParent returns parameters with the filter of the parent of a list.
func withParent(params url.Values, in past.List) url.Values {
	more, path := maps.Clone(params), in.Field.Path()
	more[path] = append([]string{crm.RecordID(in.Parent.Prefix, in.Key)}, params[path]...)
	return more
}
