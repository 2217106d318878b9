package fieldtype

import (
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// base is what a type does unless it says otherwise: it holds a text that is compared in
// its stored form. Types embed it.
type base struct{}

func (base) Kind() crm.Kind { return crm.TextKind }

func (base) Computed() bool { return false }

func (base) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true}
}

func (base) Fold(_ *crm.Field, text string) string { return norm.Fold(text) }

func (base) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	return parseText(f, text)
}

// parseText takes any text that is no longer than the field allows.
func parseText(f *crm.Field, text string) (crm.Value, *crm.Error) {
	if n := utf8.RuneCountInString(text); n > f.Limit() {
		instead := ""
		if f.Limit() > crm.DefaultMax {
			instead = ", or log the rest as an activity of its own"
		}
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s has %d characters; at most %d are allowed. Nothing was saved: shorten it%s.", f.Name, n, f.Limit(), instead).On(f.Name)
	}
	return crm.Str(text), nil
}

func (base) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, err := jsonText(f, json)
	if err != nil {
		return crm.Input{}, err
	}
	v, err := r.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

// jsonText returns the text of a JSON string.
func jsonText(f *crm.Field, json string) (string, *crm.Error) {
	text, ok := norm.Unquote(json)
	if !ok {
		return "", crm.Errorf(crm.InvalidValue, "%s takes a JSON string or null, not %s.", f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	return text, nil
}

// Lenient changes nothing: a type says itself which other forms are certain.
func (base) Lenient(json string) string { return json }

// sentText returns the text of a JSON string without blanks around it; empty if the JSON
// is no string.
func sentText(json string) string {
	text, _ := norm.Unquote(json)
	return strings.TrimSpace(text)
}

// DecodeCell takes the first of several values in a column of another product, which parts
// them with three colons. A column with the field's own name is taken as it is.
func (base) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	switch {
	case !isText:
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	case !c.Exact && strings.Contains(text, ":::"):
		return crm.Decoded{JSON: norm.QuoteJSON(FirstOfCell(text))}, nil
	}
	return crm.Decoded{JSON: norm.QuoteJSON(text), Whole: true}, nil
}

func (base) Show(rec crm.Record, i int) crm.Value { return rec.Values[i] }

func (base) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Text == text
}

func (base) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "string"} }
