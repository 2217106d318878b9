package draft

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/norm"
	"crmkit/query"
)

// intoCustomKeys returns the members of a body with those that are declared fields within custom, where
// they are stored: {"region":"emea"} is {"custom":{"region":"emea"}}. An amount that is unset by its name is
// unset in both of its keys.
func intoCustomKeys(e *crm.Entity, members []crm.Member, env query.Env) ([]crm.Member, *crm.Error) {
	k := env.Shape.Kind(e)
	if k == nil {
		return members, nil
	}
	var rest, keys []crm.Member
	at, first := -1, ""
	for _, m := range members {
		key := strings.TrimPrefix(m.Name, declared.Prefix)
		switch f := k.Field(key); {
		case m.Name == "custom":
			at, rest = len(rest), append(rest, m)
		case e.Field(m.Name) == nil && (f != nil || k.Member(key) != nil):
			keys = append(keys, unset(f, crm.Member{Name: key, JSON: m.JSON})...)
			first = m.Name
		default:
			rest = append(rest, m)
		}
	}
	if at < 0 {
		if len(keys) > 0 {
			rest = append(rest, crm.Member{Name: "custom", JSON: string(norm.AppendObject(nil, keys))})
		}
		return rest, nil
	}
	if !strings.HasPrefix(rest[at].JSON, "{") {
		if len(keys) > 0 {
			return nil, crm.Errorf(crm.InvalidValue, "%s is a key of custom, which is %s in the same body; send custom as an object, or leave it out.", norm.Quote(first), norm.ShowJSON(rest[at].JSON)).On("custom")
		}
		return rest, nil
	}
	var own []crm.Member
	for _, m := range norm.ParseObject(rest[at].JSON) {
		own = append(own, unset(k.Field(m.Name), m)...)
	}
	rest[at].JSON = string(norm.AppendObject(nil, append(own, keys...)))
	return rest, nil
}

// unset returns the members that unset an amount for one that unsets it by its name, and all other members as they are.
func unset(f *declared.Field, m crm.Member) (list []crm.Member) {
	if f == nil || f.Type != declared.Money || m.JSON != "null" && m.JSON != `""` {
		return []crm.Member{m}
	}
	for _, part := range f.Members() {
		list = append(list, crm.Member{Name: part.Key, JSON: "null"})
	}
	return list
}
