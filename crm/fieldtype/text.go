package fieldtype

import "crmkit/crm"

// Text is free text, such as a name or a note.
//
// It accepts any text of at most the field's limit, and stores it trimmed and in Unicode
// NFC. The folded column has the text without case, accents and width (norm.Fold), and
// searches, orders, ranges and like: use it. Equality is exact but for kinds of apostrophe,
// hyphen and blank (norm.Plain): name=Müller does not find Muller, and the hint for an empty
// list suggests like:. Fields with an index, such as stage, are compared exactly.
var Text crm.Type = textType{}

type textType struct{ base }

func (textType) String() string { return "text" }

func (textType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true, Folded: true, Null: true}
}

func (textType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", MaxLength: f.Limit()}
}
