package fieldtype

import (
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Flag tells whether the time of another field is set, such as done for done_at.
//
// It accepts true, which sets the time to now unless it is set, and false, which clears it.
// It has no column: only the time is stored, so the two cannot disagree. Filters take yes
// and no, true and false.
var Flag crm.Type = flagType{}

type flagType struct{ base }

func (flagType) String() string { return "flag" }

func (flagType) Kind() crm.Kind { return crm.FlagKind }

func (flagType) Computed() bool { return true }

func (flagType) Comparison() crm.Comparison { return crm.Comparison{By: crm.ByFlag} }

func (flagType) Decode(_ crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json != "true" && json != "false" {
		return crm.Input{}, crm.Errorf(crm.InvalidValue, "%s takes true or false, not %s.", f.Name, norm.ShowJSON(json)).On(f.Name)
	}
	return crm.Input{Field: f, Value: crm.Bool(json == "true")}, nil
}

// Lenient accepts the texts "true" and "false", which some clients send for booleans.
func (flagType) Lenient(json string) string {
	if text := sentText(json); text == "true" || text == "false" {
		return text
	}
	return json
}

// DecodeCell also accepts the words that tables have for yes and no. Bodies accept only true
// and false: a client can correct its request, a file was written long before.
func (flagType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	switch strings.ToLower(text) {
	case "yes", "true", "1":
		return crm.Decoded{JSON: "true", Whole: true}, nil
	case "no", "false", "0":
		return crm.Decoded{JSON: "false", Whole: true}, nil
	}
	return crm.Decoded{JSON: norm.QuoteJSON(text), Whole: true}, nil // which Decode refuses
}

func (flagType) Show(rec crm.Record, i int) crm.Value {
	return crm.Bool(rec.Value(rec.Entity.Fields[i].FlagOf().Time).Set())
}

func (flagType) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "boolean"} }

// Switch is yes or no, of which a record always has one.
//
// It accepts true and false, and the words yes and no, and stores the word. Answers show true and
// false. Filters take the words of both kinds.
var Switch crm.Type = switchType{}

// SwitchWords are the words of a field that is a Switch.
var SwitchWords = crm.OneOf("no", "yes")

type switchType struct{ choiceType }

func (switchType) String() string { return "yes or no" }

func (t switchType) Parse(r crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	switch strings.ToLower(text) {
	case "true":
		text = "yes"
	case "false":
		text = "no"
	}
	return t.choiceType.Parse(r, f, text)
}

func (t switchType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	if !isText {
		text = json
	}
	v, err := r.Normal(f, text)
	return crm.Input{Field: f, Value: v}, err
}

// DecodeCell takes the text of a cell: Decode reads the words that tables have.
func (switchType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	return crm.Decoded{JSON: c.JSON, Whole: true}, nil
}

func (switchType) Show(rec crm.Record, i int) crm.Value {
	if !rec.Values[i].Set() {
		return crm.Value{}
	}
	return crm.Bool(rec.Values[i].Text == "yes")
}

func (switchType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return shown.Set() && json == strconv.FormatBool(shown.Int != 0)
}

func (switchType) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "boolean"} }
