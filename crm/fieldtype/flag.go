package fieldtype

import (
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
