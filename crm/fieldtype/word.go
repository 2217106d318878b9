package fieldtype

import "crmkit/crm"

// Word is a text that programs choose and not people, such as a scope or a time zone.
//
// It accepts any text of at most the field's limit and stores it trimmed, in Unicode NFC.
// Equality is exact and the order is that of bytes. Only like: ignores case and accents; its
// folded column is left out of fields that are OwnFold.
var Word crm.Type = wordType{}

type wordType struct{ base }

func (wordType) String() string { return "word" }

func (wordType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true, Null: true}
}
