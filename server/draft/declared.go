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
			keys = append(keys, crm.Member{Name: key, JSON: m.JSON})
			first = m.Name
		default:
			rest = append(rest, m)
		}
	}
	if at < 0 {
		if len(keys) > 0 {
			rest = append(rest, crm.Member{Name: "custom", JSON: string(norm.AppendObject(nil, k.Amounts(keys)))})
		}
		return rest, nil
	}
	if !strings.HasPrefix(rest[at].JSON, "{") {
		if len(keys) > 0 {
			return nil, crm.Errorf(crm.InvalidValue, "%s is a key of custom, which is %s in the same body; send custom as an object, or leave it out.", norm.Quote(first), norm.ShowJSON(rest[at].JSON)).On("custom")
		}
		return rest, nil
	}
	own := append(norm.ParseObject(rest[at].JSON), keys...)
	rest[at].JSON = string(norm.AppendObject(nil, k.Amounts(own)))
	return rest, nil
}
