package fieldtype

import "crmkit/crm"

// Text is free text. It is searched, sorted and compared in folded form.
var Text crm.Type = textType{}

type textType struct{ base }

func (textType) String() string { return "text" }

// Comparison uses the folded column: case and accents make no difference to a search.
func (textType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true, Folded: true, Null: true}
}

func (textType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", MaxLength: f.Limit()}
}
