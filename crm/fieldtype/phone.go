package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Phone is a phone number as people write it, such as +49 (170) 123-456.
//
// It accepts any text and stores it unchanged: local numbers and extensions have no form
// that is valid everywhere, and a rewritten number could be a wrong one. The folded column
// has the digits, with a plus sign if the text has one (norm.Phone). Filters and searches compare
// all spellings of a number, in the country of the workspace (norm.PhoneForms). The column does
// not depend on the country, so another country changes no record: a search before and after
// reads the same column with other operands.
var Phone crm.Type = phoneType{}

type phoneType struct{ base }

func (phoneType) String() string { return "phone" }

func (phoneType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByDigits, Ordered: true, Parts: true, Folded: true, Null: true}
}

// Fold returns the digits, so that a number is found in any grouping of its digits.
func (phoneType) Fold(_ *crm.Field, text string) string { return norm.Phone(text) }

// Lenient accepts a JSON number without sign, fraction or exponent: its digits are those
// that the client wrote.
func (phoneType) Lenient(json string) string {
	if json != "" && strings.Trim(json, "0123456789") == "" {
		return norm.QuoteJSON(json)
	}
	return json
}

func (phoneType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", MaxLength: f.Limit()}
}
