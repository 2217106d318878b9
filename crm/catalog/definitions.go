package catalog

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// definitions returns the kinds of records that say what those of other kinds are like. A new one is a
// row here and a migration in package store; what all of them have in common is said at
// crm.Definition.
func definitions(of []crm.Entity) []crm.Entity {
	return []crm.Entity{
		// A view is a list that has a name, so that everybody asks the same question. Its query is
		// compiled when it is saved and again whenever it is used, because fields may be gone by then.
		{
			View: crm.View{Name: "view", Plural: "views", Prefix: "vw", Doc: "a named question: the filters of a list",
				LabelField: "name", Sort: "name", MaxLimit: 200,
				Fields: hidden(kept([]crm.Field{
					{Name: "name", Type: fieldtype.Name, Required: true, Indexed: true, InLists: true, Max: maxName, Doc: "unique; lists take it as view=gone-cold"},
					{Name: "kind", Type: fieldtype.Choice, Choices: kindsOf(of), Required: true, InLists: true, Enumerable: true, Doc: "of the records that it finds"},
					{Name: "query", Type: fieldtype.Word, Required: true, InLists: true, Max: 2000, Doc: "filters as behind the ? of a list, like stage=lead&last_outreach=lt:-30d"},
					{Name: "doc", Type: fieldtype.Text, InLists: true, Max: 1000, Doc: "what it is for"}}))},
			Ops: crm.AllOps, Keys: crm.Keys{Unique: "name"},
			Definition: crm.Definition{Most: 200},
		},
	}
}

// maxName is the maximum length of a name that paths and parameters have.
const maxName = 64

// kindsOf returns the choices of a field that names a kind of record. It takes the plural too, since paths
// have that.
func kindsOf(of []crm.Entity) crm.Choices {
	kinds := crm.Choices{Also: map[string]string{}}
	for i := range of {
		kinds.Values = append(kinds.Values, of[i].Name)
		kinds.Also[of[i].Plural] = of[i].Name
	}
	return kinds
}
