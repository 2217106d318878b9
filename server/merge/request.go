package merge

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/web"
	"crmkit/store"
)

// MaxOthers is how many records one request merges into another one.
const MaxOthers = 20

// members are the members of the body.
var members = []string{"from", "take", crm.FieldVersion}

// read returns the merge that a request asks for.
//
// Errors: bad_json, unknown_field, missing_field, invalid_value, and reference_not_found for an id of
// another kind or workspace.
func read(rq *web.Request) (m store.Merge, err error) {
	e := rq.Route.Entity
	m.Entity = e
	if m.Winner, err = rq.Key(e, rq.RecordID); err != nil {
		return m, err
	}
	body, fault := rq.Members()
	if fault != nil {
		return m, fault
	}
	for _, member := range body {
		switch member.Name {
		case "from":
			m.Others, fault = others(rq, member.JSON)
		case "take":
			m.Takes, fault = takes(rq, member.JSON)
		case crm.FieldVersion:
			m.Version, fault = version(member.JSON)
		default:
			fault = crm.UnknownName(member.Name, "a merge", members)
		}
		if fault != nil {
			return m, fault
		}
	}
	if len(m.Others) == 0 {
		return m, crm.Errorf(crm.MissingField, `from is required: {"from":["%s_…"]} names the %s that become part of this one.`, e.Prefix, e.Plural).On("from")
	}
	for _, t := range m.Takes {
		if !slices.Contains(m.Others, t.From) && t.From != m.Winner {
			return m, crm.Errorf(crm.InvalidValue, "take.%s: %s is not in from; name one of those.", nameOf(t), crm.RecordID(e.Prefix, t.From)).On("take")
		}
	}
	match, fault := rq.IfMatch()
	if fault != nil {
		return m, fault
	}
	m.Version = max(m.Version, match)
	return m, nil
}

// nameOf returns the name under which a field is taken.
func nameOf(t store.Take) string {
	if t.Member != "" {
		return t.Field.Name + "." + t.Member
	}
	return t.Field.Name
}

// others reads the ids of the records to merge: a list, or one id.
func others(rq *web.Request, json string) (keys []int64, fault *crm.Error) {
	list, is := norm.ParseStrings(json)
	if one, isText := norm.Unquote(json); isText {
		list, is = []string{one}, true
	}
	switch {
	case !is:
		return nil, crm.Errorf(crm.InvalidValue, "from takes a list of ids, not %s.", norm.ShowJSON(json)).On("from")
	case len(list) > MaxOthers:
		return nil, crm.TooMany("from", MaxOthers, "ids", "Nothing was saved; merge the others afterwards.")
	}
	for _, text := range list {
		key, fault := keyOf(rq, "from", text)
		if fault != nil {
			return nil, fault
		}
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// keyOf returns the key of a record of the kind.
func keyOf(rq *web.Request, name, text string) (int64, *crm.Error) {
	e := rq.Route.Entity
	key, hint := rq.Env.Schema.Locate(e, rq.Actor.Workspace, strings.TrimSpace(text))
	if hint != "" {
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: %s. Nothing was saved. Find the %s with GET /%s?search=<words>.", name, hint, e.Name, e.Route()).On(name)
	}
	return key, nil
}

// takes reads from which record fields are taken: an object of ids by the names of fields.
func takes(rq *web.Request, json string) (list []store.Take, fault *crm.Error) {
	if !strings.HasPrefix(json, "{") {
		return nil, crm.Errorf(crm.InvalidValue, `take is an object of fields and the ids from which they come, like {"phone":"%s_…"}, not %s.`, rq.Route.Entity.Prefix, norm.ShowJSON(json)).On("take")
	}
	for _, member := range norm.ParseObject(json) {
		id, is := norm.Unquote(member.JSON)
		if !is {
			return nil, crm.Errorf(crm.InvalidValue, "take.%s is the id of the record from which it comes, not %s.", norm.Quote(member.Name), norm.ShowJSON(member.JSON)).On("take")
		}
		t, fault := field(rq.Route.Entity, member.Name)
		if fault == nil {
			t.From, fault = keyOf(rq, "take."+member.Name, id)
		}
		if fault != nil {
			return nil, fault
		}
		list = append(list, t)
	}
	return list, nil
}

// field returns the field that may be taken under a name, or the error for one that may not.
func field(e *crm.Entity, name string) (t store.Take, fault *crm.Error) {
	head, key, dotted := strings.Cut(name, ".")
	f := e.Field(head)
	switch {
	case f == nil || dotted && (f.Type.Kind() != crm.ObjectKind || f.Type.String() == "address"):
		return t, crm.UnknownName(name, "take", e.Names(func(f *crm.Field) bool { _, fault := field(e, f.Name); return fault == nil }))
	case f.ReadOnly || f.Derived() || f.IsIdentity():
		return t, crm.Errorf(crm.ReadOnlyField, "take.%s: it is kept by the server and follows the merge; leave it out.", name).On("take")
	case f.Type.Kind() == crm.ListKind:
		return t, crm.Errorf(crm.InvalidValue, "take.%s: lists are joined, so the record has the items of all; leave it out.", name).On("take")
	case f.Type.Kind() == crm.ObjectKind && !dotted && f.Type.String() != "address":
		return t, crm.Errorf(crm.InvalidValue, "take.%s: name its key, as in %s.seats; keys that only one record has are kept anyway.", name, name).On("take")
	}
	return store.Take{Field: f, Member: key}, nil
}

// version reads the version that the winner must have.
func version(json string) (int64, *crm.Error) {
	n, err := strconv.ParseInt(json, 10, 64)
	if err != nil || n < 1 {
		return 0, crm.Errorf(crm.InvalidValue, "version must be the version number of the record, not %s.", norm.ShowJSON(json)).On(crm.FieldVersion)
	}
	return n, nil
}
