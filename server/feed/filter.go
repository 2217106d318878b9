package feed

import (
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
	"crmkit/store/changelog"
)

// actions are what is done to records, as the log names it.
var actions = []string{"create", "update", "delete", "restore", "merge", "purge"}

// readActions reads action=, a list of what was done.
func readActions(rq *web.Request, q *question) *crm.Error {
	text := rq.Params.Get("action")
	if text == "" {
		return nil
	}
	q.actions = strings.Split(text, ",")
	if len(q.actions) > crm.MaxItems {
		return crm.TooMany("action", crm.MaxItems, "actions", "Leave action out for all.")
	}
	for i, name := range q.actions {
		name = strings.TrimSpace(name)
		if q.actions[i] = name; !slices.Contains(actions, name) && !strings.Contains(name, ".") {
			return crm.Errorf(crm.InvalidValue, "action=%s: the actions on records are %s; those on others are named as in GET /audit, like member.join.", norm.Quote(name), strings.Join(actions, ", ")).On("action").Of(name, actions)
		}
	}
	return nil
}

// readFields reads field= and to.<field>=.
func (x *Endpoints) readFields(rq *web.Request, q *question) (fault *crm.Error) {
	if text := rq.Params.Get("field"); text != "" {
		if q.field, fault = x.fieldName(rq, q, text); fault != nil {
			return fault.On("field")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rq.Params)) {
		text, is := strings.CutPrefix(name, "to.")
		if !is {
			continue
		}
		field, fault := x.fieldName(rq, q, text)
		if fault != nil {
			return fault.On(name)
		}
		q.to = append(q.to, crm.Member{Name: field, JSON: norm.Fold(rq.Params.Get(name))})
	}
	return nil
}

// fieldName returns the name by which the log has a field: its own, that of the reference for its path,
// or one key of custom.
func (x *Endpoints) fieldName(rq *web.Request, q *question, text string) (string, *crm.Error) {
	var known []string
	head, key, keyed := strings.Cut(text, ".")
	for _, e := range rq.Env.Schema.Entities {
		if e == x.change || q.kinds != nil && !slices.Contains(q.kinds, e.Name) {
			continue
		}
		for i := range e.Fields {
			f := &e.Fields[i]
			if f.Derived() || f.IsIdentity() {
				continue
			}
			switch object := f.Type.Kind() == crm.ObjectKind; {
			case f.Name == text, !keyed && f.IsReference() && f.Path() == text:
				return f.Name, nil
			case keyed && object && f.Name == head:
				return head + "." + key, nil
			}
			if !slices.Contains(known, f.Name) {
				known = append(known, f.Name)
			}
		}
	}
	return "", crm.Errorf(crm.UnknownField, "no kind of record has the field %s; GET /help/fields lists them.", norm.Quote(text)).Of(text, known)
}

// takes reports whether the question asks for entries of the kind, the action and the user of an entry.
func (q *question) takes(rec crm.Record) bool {
	by := rec.Value("by").Text
	if q.by != "" && q.by != by || q.notBy != "" && q.notBy == by {
		return false
	}
	kind, _, _ := strings.Cut(rec.Value("target").Text, "/")
	return (q.kinds == nil || slices.Contains(q.kinds, kind)) && (q.actions == nil || slices.Contains(q.actions, rec.Value("action").Text))
}

// keeps reports whether an entry changes the fields that the question asks for.
func (q *question) keeps(rec crm.Record) bool {
	from, to := rec.Value("from").Members(), rec.Value("to").Members()
	if q.field != "" && !hasField(from, q.field) && !hasField(to, q.field) {
		return false
	}
	for _, want := range q.to {
		if !slices.ContainsFunc(to, func(m crm.Member) bool { return m.Name == want.Name && isValue(m.JSON, want.JSON) }) {
			return false
		}
	}
	return true
}

// hasField reports whether members have one of a field, or of one key of it.
func hasField(members []crm.Member, name string) bool {
	return slices.ContainsFunc(members, func(m crm.Member) bool { return m.Name == name || changelog.FieldOf(m.Name) == name })
}

// isValue reports whether a value of the log is, or as a list has, the text that a client wrote, without
// regard to case.
func isValue(json, folded string) bool {
	if items, is := norm.ParseArray(json); is {
		return slices.ContainsFunc(items, func(item string) bool { return isValue(item, folded) })
	}
	text, quoted := norm.Unquote(json)
	if !quoted {
		text = json
	}
	return norm.Fold(text) == folded
}
