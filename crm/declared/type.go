package declared

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// The names of the types.
const (
	Text      = "text"
	Number    = "number"
	Money     = "money"
	Date      = "date"
	Time      = "time"
	Choice    = "choice"
	Tags      = "tags"
	Flag      = "flag"
	Email     = "email"
	URL       = "url"
	Reference = "reference"
)

// part is a key of custom that a type has: the name of the field and a suffix.
type part struct {
	suffix string
	is     crm.Type
}

// form is how a type is declared.
type form struct {
	name    string
	parts   []part
	example string // JSON of a value
	unique  bool   // one record may be named by a value
}

// forms is the table of types, in the order that the manual shows.
var forms = []form{
	{Text, []part{{"", fieldtype.Text}}, `"any text"`, true},
	{Number, []part{{"", numberType{fieldtype.Text}}}, "12.5", true},
	{Money, []part{{centsSuffix, fieldtype.Integer}, {currencySuffix, fieldtype.Currency}}, `"1250.00 USD"`, false},
	{Date, []part{{"", dateType{fieldtype.Time}}}, `"2026-06-10"`, false},
	{Time, []part{{"", fieldtype.Time}}, `"2026-06-10T09:00:00Z"`, false},
	{Choice, []part{{"", fieldtype.Choice}}, "", false},
	{Tags, []part{{"", fieldtype.Tags}}, `["vip","eu"]`, false},
	{Flag, []part{{"", fieldtype.Flag}}, "true", false},
	{Email, []part{{"", fieldtype.Email}}, `"jane@acme.com"`, true},
	{URL, []part{{"", urlType{fieldtype.Text}}}, `"https://acme.com/about"`, true},
	{Reference, []part{{"", referenceType{fieldtype.Word}}}, "", false},
}

// Types returns the names of the types.
func Types() []string {
	names := make([]string, len(forms))
	for i := range forms {
		names[i] = forms[i].name
	}
	return names
}

// formOf returns the form of a type, nil for an unknown one.
func formOf(name string) *form {
	for i := range forms {
		if forms[i].name == name {
			return &forms[i]
		}
	}
	return nil
}
