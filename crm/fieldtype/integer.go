package fieldtype

import (
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Integer is a whole number that every JSON reader keeps exactly.
var Integer crm.Type = integerType{}

type integerType struct{ base }

func (integerType) String() string { return "integer" }

func (integerType) Kind() crm.Kind { return crm.IntKind }

func (integerType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByNumber, Ordered: true}
}

// Parse refuses numbers that a double does not hold exactly, because many JSON readers use
// doubles and would send another number back.
func (integerType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > norm.MaxInt || n < -norm.MaxInt {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s takes a whole JSON number between -%d and %d, not %s; send it without quotes or decimals.",
			f.Name, norm.MaxInt, norm.MaxInt, norm.ShowJSON(text)).On(f.Name)
	}
	return crm.Number(n), nil
}

func (t integerType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	v, err := t.Parse(r, f, json)
	if err != nil {
		return crm.Input{}, err
	}
	return crm.Input{Field: f, Value: v}, nil
}

// Lenient takes a number that was sent as text.
func (integerType) Lenient(json string) string {
	text := sentText(json)
	if digits := strings.TrimPrefix(text, "-"); digits != "" && strings.Trim(digits, "0123456789") == "" {
		return text
	}
	return json
}

// DecodeCell takes a number as it is from a column of the field's own name. The column
// of another product has an amount of money there, in the unit of the currency.
func (integerType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		text = c.JSON
	}
	if c.Exact {
		return crm.Decoded{JSON: text, Whole: true}, nil
	}
	currency := c.Currency
	if currency == "" {
		currency = "USD"
	}
	number, ok := norm.ParseMinorUnits(text, norm.Decimals(currency))
	if !ok {
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, "%s is no amount in %s; write it like 1234.50, with at most %d decimals, or use a column %s.",
			norm.Quote(text), norm.Quote(currency), norm.Decimals(currency), f.Name).On(f.Name)
	}
	return crm.Decoded{JSON: number, Whole: true}, nil
}

func (integerType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return shown.Set() && json == strconv.FormatInt(shown.Int, 10)
}

func (integerType) Schema(*crm.Field) crm.JSONSchema { return crm.JSONSchema{Type: "integer"} }
