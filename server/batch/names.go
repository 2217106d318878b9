package batch

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
)

// A name is used as $name where an id is expected, and nowhere else: in the path, in a
// parameter that names a record, and in a reference of the body. A text like "$5" or "$AAPL" in another
// field is only a text.

// lookup returns the id for a name without its $.
type lookup func(name string) (id string, fault *crm.Error)

// link finds the names that lines make and use, and the kind of record that each line writes. routeOf
// returns the route of a call, or nil.
//
// The error is invalid_value: a name is made twice, by no line, or only after it is used.
func link(lines []line, schema *crm.Schema, routeOf func(web.Call) *web.Route) *crm.Error {
	made := map[string]int{}
	for i, l := range lines {
		if l.as == "" {
			continue
		}
		if first, twice := made[l.as]; twice {
			return at(i, crm.Errorf(crm.InvalidValue, "line %d has the name %s already; use another one.", first+1, l.as).On("as"))
		}
		made[l.as] = i
	}
	for i := range lines {
		l := &lines[i]
		ids := func(name string) (string, *crm.Error) {
			by, fault := maker(lines, made, use{i, name})
			if fault != nil {
				return "", fault
			}
			l.needs = append(l.needs, by)
			return lines[by].placeholder(), nil
		}
		if fault := l.link(schema, ids, routeOf); fault != nil {
			return at(i, fault)
		}
	}
	return nil
}

// link finds the names that the line uses, and the kind of its record.
func (l *line) link(schema *crm.Schema, ids lookup, routeOf func(web.Call) *web.Route) *crm.Error {
	target, fault := replaceInTarget(l.call.Target, schema, ids)
	if fault != nil {
		return fault
	}
	if row := routeOf(web.Call{Method: l.call.Method, Target: target}); row != nil && row.AsLine {
		l.entity, l.ids, l.asks = row.Entity, row.IDs, row.Asks
		if l.entity == nil && l.as != "" {
			return crm.Errorf(crm.InvalidValue, "%s %s makes no record that could have a name; leave as out.", l.call.Method, row.Pattern()).On("as")
		}
	}
	_, fault = l.replaceInBody(ids)
	slices.Sort(l.needs)
	l.needs = slices.Compact(l.needs)
	return fault
}

// use is a name in the line at a place.
type use struct {
	at   int
	name string
}

// maker returns the place of the line that makes a name, which must be before the one that
// uses it.
func maker(lines []line, made map[string]int, u use) (int, *crm.Error) {
	by, found := made[u.name]
	if found && by < u.at {
		return by, nil
	}
	if found {
		return 0, crm.Errorf(crm.InvalidValue, "$%s is the record of line %d; a name is made before it is used.", u.name, by+1).On("$" + u.name)
	}
	var known []string
	for _, l := range lines[:u.at] {
		if l.as != "" {
			known = append(known, "$"+l.as)
		}
	}
	if len(known) == 0 {
		return 0, crm.Errorf(crm.InvalidValue, `no line before makes $%s; the line that makes its record names it with "as".`, norm.Quote(u.name)).On("$" + u.name)
	}
	return 0, crm.Errorf(crm.InvalidValue, "no line before makes $%s; there are: %s.", norm.Quote(u.name), strings.Join(known[:min(len(known), maxKnown)], " ")).On("$"+u.name).Of("$"+u.name, known)
}

// maxKnown is how many names the hint of an error lists.
const maxKnown = 20

// placeholder returns an id in the form of those of the line's records.
func (l *line) placeholder() string {
	if l.entity == nil {
		return "x"
	}
	return crm.RecordID(l.entity.Prefix, crm.RecordKey(0, 1))
}

// resolve returns the call of the line with ids instead of names.
func (l *line) resolve(schema *crm.Schema, ids lookup) (call web.Call, fault *crm.Error) {
	call.Method, call.Checked = l.call.Method, l.call.Checked
	if call.Target, fault = replaceInTarget(l.call.Target, schema, ids); fault != nil {
		return call, fault
	}
	call.Body, fault = l.replaceInBody(ids)
	return call, fault
}

// replaceInTarget replaces the names that are segments of a path or values of parameters named like
// a kind of record.
func replaceInTarget(target string, schema *crm.Schema, ids lookup) (string, *crm.Error) {
	if !strings.Contains(target, "$") && !strings.Contains(target, "%24") {
		return target, nil
	}
	path, query, hasQuery := strings.Cut(target, "?")
	segments := strings.Split(path, "/")
	for i := range segments {
		if text, err := url.PathUnescape(segments[i]); err == nil {
			id, fault := replaceID(text, ids)
			if fault != nil {
				return "", fault
			}
			if id != text {
				segments[i] = id
			}
		}
	}
	if path = strings.Join(segments, "/"); !hasQuery {
		return path, nil
	}
	query, fault := replaceInQuery(query, schema, ids)
	return path + "?" + query, fault
}

// replaceInQuery replaces the names that are values of parameters named like a kind of record.
func replaceInQuery(query string, schema *crm.Schema, ids lookup) (string, *crm.Error) {
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, _ := strings.Cut(param, "=")
		if e := schema.ByName(name); e == nil || e.IsView() {
			continue
		}
		text, err := url.QueryUnescape(value)
		if err != nil {
			continue // an error of the call
		}
		id, fault := replaceID(text, ids)
		if fault != nil {
			return "", fault
		}
		if id != text {
			params[i] = name + "=" + id
		}
	}
	return strings.Join(params, "&"), nil
}

// replaceInBody replaces the names that are references of the line's record, and those in members that
// have ids. A body that cannot be read is returned as it is: that is an error of the call.
func (l *line) replaceInBody(ids lookup) (string, *crm.Error) {
	body := l.call.Body
	if l.entity == nil && l.ids == nil || !strings.Contains(body, `$`) {
		return body, nil
	}
	list, err := norm.ReadObject([]byte(body))
	if err != nil { // it is not Checked
		return body, nil
	}
	replaced := false
	for i, m := range list {
		if !l.hasID(m.Name) {
			continue
		}
		json, fault := replaceInValue(m.JSON, ids)
		if fault != nil {
			return "", fault.On(m.Name)
		}
		if json != m.JSON {
			list[i].JSON, replaced = json, true
		}
	}
	if !replaced {
		return body, nil
	}
	return string(norm.AppendObject(nil, list)), nil
}

// hasID reports whether a member of the body has an id or several.
func (l *line) hasID(member string) bool {
	if slices.Contains(l.ids, member) {
		return true
	}
	if l.entity == nil {
		return false
	}
	f := l.entity.Field(member)
	return f != nil && f.IsReference()
}

// replaceInValue replaces the names in an id, a list of ids, or an object of ids.
func replaceInValue(json string, ids lookup) (string, *crm.Error) {
	if text, is := norm.Unquote(json); is {
		id, fault := replaceID(text, ids)
		if fault != nil || id == text {
			return json, fault
		}
		return norm.QuoteJSON(id), nil
	}
	if list, is := norm.ParseStrings(json); is {
		for i, text := range list {
			id, fault := replaceID(text, ids)
			if fault != nil {
				return "", fault
			}
			list[i] = id
		}
		return string(norm.AppendStrings(nil, list)), nil
	}
	object := norm.ParseObject(json)
	for i, m := range object {
		text, is := norm.Unquote(m.JSON)
		if !is {
			continue
		}
		id, fault := replaceID(text, ids)
		if fault != nil {
			return "", fault
		}
		object[i].JSON = norm.QuoteJSON(id)
	}
	if len(object) == 0 {
		return json, nil
	}
	return string(norm.AppendObject(nil, object)), nil
}

// replaceID returns the id for $name and for contact/$name, and any other text as it is.
func replaceID(text string, ids lookup) (string, *crm.Error) {
	kind, name := "", strings.TrimSpace(text)
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		kind, name = name[:at+1], name[at+1:]
	}
	name, is := strings.CutPrefix(name, "$")
	if !is {
		return text, nil
	}
	id, fault := ids(name)
	return kind + id, fault
}
