package catalog

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/fieldtype"
	"crmkit/crm/pipeline"
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
		// A field gives a key of custom a type. Package crm/declared checks declarations and values; kind and
		// name never change, because the values are stored under the name.
		{
			View: crm.View{Name: "field", Plural: "fields", Prefix: "fd", Doc: "a key of custom that is declared: its type, and which values it takes",
				LabelField: "name", Sort: "-created_at", MaxLimit: 200,
				Fields: hidden(kept([]crm.Field{
					{Name: "kind", Type: fieldtype.Choice, Choices: kindsOf(withCustom(of)), Required: true, InLists: true, Enumerable: true, Doc: "of the records that have it"},
					{Name: "name", Type: fieldtype.Name, Required: true, InLists: true, Max: 40, Doc: "the key: region is custom.region"},
					{Name: "type", Type: fieldtype.Choice, Choices: crm.OneOf(declared.Types()...), Required: true, InLists: true, Enumerable: true, Doc: "which values it takes"},
					{Name: "options", Type: fieldtype.Options, InLists: true, Doc: "of a choice, in their order"},
					{Name: "required", Type: fieldtype.Switch, Choices: fieldtype.SwitchWords, Default: "no", InLists: true, Doc: "new records need a value, and no write clears it"},
					{Name: "unique", Type: fieldtype.Switch, Choices: fieldtype.SwitchWords, Default: "no", Column: "is_unique", InLists: true, Doc: "one record has each value; POST with a known one updates that record"},
					{Name: "ref", Type: fieldtype.Choice, Choices: kindsOf(withCustom(of)), InLists: true, Doc: "of a reference: the kind of records that it leads to"},
					{Name: "doc", Type: fieldtype.Text, InLists: true, Max: 1000, Doc: "what it is for"}}))},
			Ops: crm.AllOps, Keys: crm.Keys{Together: [][]string{{"kind", "name"}}},
			Definition: crm.Definition{Most: 1000},
		},
		// A pipeline has its stages in one field, because they are checked against each other and written
		// together. It is written whole: its name is in the records that go through it, so it stays.
		{
			View: crm.View{Name: "pipeline", Plural: "pipelines", Prefix: "pip", Doc: "the stages through which deals or contacts go",
				LabelField: "name", Sort: "name", MaxLimit: 200,
				Fields: hidden(kept([]crm.Field{
					{Name: "name", Type: fieldtype.Name, Required: true, Indexed: true, InLists: true, Max: maxName, Doc: "unique; records name it as pipeline=sales"},
					{Name: "kind", Type: fieldtype.Choice, Choices: staged(of), Required: true, InLists: true, Enumerable: true, Doc: "of the records that go through it"},
					{Name: "default", Column: "is_default", Type: fieldtype.Switch, Choices: fieldtype.SwitchWords, Default: "no", InLists: true, Doc: "yes: of the records that name no pipeline; the oldest, if none says so"},
					{Name: "stages", Type: fieldtype.Stages, Required: true, Max: maxLongText, Doc: "in their order, each with name, probability, stale_after, is (won or lost), was (former names)"}}))},
			Ops: crm.List | crm.Create | crm.Fetch | crm.Delete, Keys: crm.Keys{Unique: "name"},
			Definition: crm.Definition{Most: pipeline.MaxPipelines},
		},
	}
}

// withCustom returns the kinds of records that have keys of their own.
func withCustom(of []crm.Entity) (list []crm.Entity) {
	for _, e := range of {
		if e.Field("custom") != nil {
			list = append(list, e)
		}
	}
	return list
}

// maxName is the maximum length of a name that paths and parameters have.
const maxName = 64

// staged returns the choices of a field that names a kind whose records go through stages.
func staged(of []crm.Entity) crm.Choices {
	return kindsOf(slices.DeleteFunc(slices.Clone(of), func(e crm.Entity) bool { return !e.HasStages() }))
}

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
