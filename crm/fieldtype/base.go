package fieldtype

import (
	"slices"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// base has the methods of a type whose values are texts that are compared in their stored
// form. Each type embeds it and replaces the methods in which it differs.
type base struct{}

func (base) Kind() crm.Kind { return crm.TextKind }

func (base) Computed() bool { return false }

func (base) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByText, Ordered: true, Parts: true}
}

// Fold is needed for types without a folded column too: the text index searches every value
// in this form.
func (base) Fold(_ *crm.Field, text string) string { return norm.Fold(text) }

func (base) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	return parseText(f, text)
}

// parseText accepts any text of at most the field's limit, in characters and not in bytes,
// so that the limit is the same in every script. A text is never cut: what an agent has
// written must be stored as a whole or be refused.
func parseText(f *crm.Field, text string) (crm.Value, *crm.Error) {
	if n := utf8.RuneCountInString(text); n > f.Limit() {
		instead := ""
		if f.Limit() > crm.DefaultMax {
			instead = ", or log the rest as a separate activity"
		}
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s has %d characters; at most %d are allowed. Shorten it%s.", f.Name, n, f.Limit(), instead).On(f.Name)
	}
	return crm.Str(text), nil
}

// Decode refuses JSON numbers and booleans instead of converting them: the text of 1.0 or
// 1e3 depends on the client. Lenient of some types accepts those that are unambiguous.
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

// decodeChange reads an object with one member that says how the stored value is changed, of those
// that the type allows.
func decodeChange(f *crm.Field, json string, allowed ...string) (crm.Input, *crm.Error) {
	example := map[string]string{"multiply": `{"multiply":1.05}`, "add": `{"add":-500}`, "shift": `{"shift":"+7d"}`}
	var forms []string
	for _, name := range allowed {
		forms = append(forms, example[name])
	}
	members := norm.ParseObject(json)
	if len(members) != 1 {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes a value, or an object with one member that changes the value it has: %s.", f.Name, strings.Join(forms, " or ")).On(f.Name)
	}
	m := members[0]
	if !slices.Contains(allowed, m.Name) {
		return crm.Input{}, crm.UnknownName(m.Name, f.Name, allowed)
	}
	in, ok := crm.Input{Field: f, JSON: m.JSON}, false
	switch m.Name {
	case "multiply":
		in.Mode = crm.Multiply
		_, ok = crm.ParseFactor(in.JSON)
	case "add":
		in.Mode = crm.AddNumber
		_, ok = crm.ParseAddend(in.JSON)
	default:
		in.Mode, in.JSON = crm.Shift, sentText(in.JSON)
		ok = crm.ParseShift(in.JSON)
	}
	if !ok {
		return in, crm.Errorf(crm.InvalidValue, "%s cannot %s %s; write it like %s.", f.Name, m.Name, norm.ShowJSON(m.JSON), example[m.Name]).On(f.Name)
	}
	return in, nil
}

// refuseChange refuses a cell that would change the value of a record: an import that is run again
// would change it twice.
func refuseChange(f *crm.Field, json string) *crm.Error {
	if json == "" || json[0] != '{' {
		return nil
	}
	return crm.Errorf(crm.InvalidValue, "%s: an import takes values, not %s; to change values that are there use PATCH.", f.Name, norm.ShowJSON(json)).On(f.Name)
}

// Lenient changes nothing. A type that accepts other forms has a Lenient of its own.
func (base) Lenient(json string) string { return json }

// sentText returns the text of a JSON string without blanks around it; empty if the JSON
// is no string.
func sentText(json string) string {
	text, _ := norm.Unquote(json)
	return strings.TrimSpace(text)
}

// DecodeCell takes the first of several values that are separated by three colons, as
// Google Contacts writes them. In a column with the field's own name three colons are text.
// A number or a flag of JSON is taken as it is written: files of other products have ids, phone
// numbers and stages without quotes.
func (base) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	switch {
	case !isText && isScalar(c.JSON):
		return crm.Decoded{JSON: norm.QuoteJSON(c.JSON), Whole: true}, nil
	case !isText:
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	case !c.Exact && strings.Contains(text, ":::"):
		return crm.Decoded{JSON: norm.QuoteJSON(FirstOfCell(text))}, nil
	}
	return crm.Decoded{JSON: norm.QuoteJSON(text), Whole: true}, nil
}

// isScalar reports whether JSON is a number, true or false.
func isScalar(json string) bool {
	return json != "" && json != "null" && json[0] != '"' && json[0] != '{' && json[0] != '['
}

func (base) Show(rec crm.Record, i int) crm.Value { return rec.Values[i] }

// shower is a type that shows a text in another form than it stores.
type shower interface{ show(text string) string }

// showText returns a value as answers show it.
func showText(t shower, v crm.Value) crm.Value {
	v.Text = t.show(v.Text)
	return v
}

// Matches compares exactly: a client that sends a record back sends the text it was shown.
func (base) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	text, isText := norm.Unquote(json)
	return isText && shown.Text == text
}

func (base) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "string"} }
