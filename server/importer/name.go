package importer

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/store"
)

// Address books have entries without a name: an address of a newsletter, the number of a
// reception. They are named by what they have, because a record without a name cannot be saved.

// withName names a new record whose row has no name: by its unique value, and a person without
// an e-mail address by the company or the phone number.
func withName(d store.Draft, e entry) store.Draft {
	label, unique := d.Entity.Field(d.Entity.LabelField), d.Entity.Field(d.Entity.Keys.Unique)
	if unique == nil || inputText(d, label) != "" {
		return d
	}
	name := inputText(d, unique)
	switch {
	case name != "":
		rec := crm.NewRecord(d.Entity)
		rec.Set(unique.Name, crm.Str(name))
		name = rec.Shown(unique.Name).Text
	case unique.Type == fieldtype.Email:
		name = nameOfOther(d, e)
	}
	if name != "" {
		d.Inputs = append(d.Inputs[:len(d.Inputs):len(d.Inputs)], crm.Input{Field: label, Value: crm.Str(name)})
	}
	return d
}

// nameOfOther returns the name of the company that the row names, else its phone number.
func nameOfOther(d store.Draft, e entry) string {
	for _, ref := range e.cells.Lookups {
		if ref.Name != "" {
			return ref.Name
		}
	}
	for _, in := range d.Inputs {
		if in.Field.Type == fieldtype.Phone && in.Value.Set() {
			return in.Value.Text
		}
	}
	return ""
}
