package fieldtype

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Phone is a phone number as it was written. It is compared by its digits, which the
// folded column has.
var Phone crm.Type = phoneType{}

type phoneType struct{ base }

func (phoneType) String() string { return "phone" }

func (phoneType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByDigits, Ordered: true, Parts: true, Folded: true, Null: true}
}

// Fold leaves the digits, so that a number is found however it is grouped.
func (phoneType) Fold(_ *crm.Field, text string) string { return norm.Phone(text) }

// Lenient takes a number as the digits of a phone number.
func (phoneType) Lenient(json string) string {
	if json != "" && strings.Trim(json, "0123456789") == "" {
		return norm.QuoteJSON(json)
	}
	return json
}

func (phoneType) Schema(f *crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "string", MaxLength: f.Limit()}
}
