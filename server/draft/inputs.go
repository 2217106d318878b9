package draft

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/store"
)

// InputAt returns the position of the input of a field in a draft, -1 if the draft has none.
func InputAt(d store.Draft, name string) int {
	return slices.IndexFunc(d.Inputs, func(in crm.Input) bool { return in.Field.Name == name })
}

// AddKey sets a key of custom in a draft; another value of the key stays in front of it.
func AddKey(d *store.Draft, key, text string) {
	f := d.Entity.Field("custom")
	if f == nil {
		return
	}
	at := InputAt(*d, f.Name)
	if at < 0 {
		at, d.Inputs = len(d.Inputs), append(d.Inputs, crm.Input{Field: f, Mode: crm.MergeMembers})
	}
	members := slices.Clone(d.Inputs[at].Value.Members())
	i := slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == key })
	if i < 0 {
		members = append(members, crm.Member{Name: key, JSON: norm.QuoteJSON(text)})
	} else if had, isText := norm.Unquote(members[i].JSON); !isText || had != text {
		if !isText {
			had = members[i].JSON
		}
		members[i].JSON = norm.QuoteJSON(had + ", " + text)
	}
	d.Inputs[at].Value = crm.Members(members)
}
