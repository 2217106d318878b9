package fieldtype

import (
	"cmp"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Integer is a whole number between -(2^53-1) and 2^53-1: the numbers that JSON readers with
// doubles represent exactly (RFC 8259 section 6).
//
// It accepts a JSON number without a fraction or an exponent, stores it as an integer, and
// is compared and sorted as a number. There is no type for fractions: amounts are integers
// in the smallest unit of their currency, and other measures go into custom.
var Integer crm.Type = integerType{}

type integerType struct{ base }

func (integerType) String() string { return "integer" }

func (integerType) Kind() crm.Kind { return crm.IntKind }

func (integerType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByNumber, Ordered: true}
}

// Parse refuses a number that is too large for a double, because a client that reads it into
// one would send another number back.
func (integerType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > norm.MaxInt || n < -norm.MaxInt {
		return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s takes a whole JSON number between -%d and %d, not %s; send it without quotes or decimals.",
			f.Name, norm.MaxInt, norm.MaxInt, norm.ShowJSON(text)).On(f.Name)
	}
	return crm.Number(n), nil
}

// Decode takes a number, or an object that says how the stored one is changed: {"multiply":1.05} or
// {"add":-500}. The product is exact, and rounded half to even.
func (t integerType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	if json[0] == '{' {
		return decodeChange(f, json, "multiply", "add")
	}
	v, err := t.Parse(r, f, json)
	if err != nil {
		return crm.Input{}, err
	}
	return crm.Input{Field: f, Value: v}, nil
}

// Lenient accepts a number that was sent as a text of digits.
func (integerType) Lenient(json string) string {
	text := sentText(json)
	if digits := strings.TrimPrefix(text, "-"); digits != "" && strings.Trim(digits, "0123456789") == "" {
		return text
	}
	return json
}

// DecodeCell takes the number as it is if the column has the field's own name. Columns of
// other products that are mapped to an integer have amounts of money in the main unit of
// the currency, and are converted to the smallest one. The currency is that of the row, of the
// cell, or USD, which is also the default for new deals.
func (integerType) DecodeCell(f *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		text = c.JSON
	}
	if fault := refuseChange(f, text); fault != nil {
		return crm.Decoded{}, fault
	}
	if c.Exact {
		return crm.Decoded{JSON: text, Whole: true}, nil
	}
	n, ok := norm.ReadNumber(text)
	currency := cmp.Or(c.Currency, n.Currency)
	switch {
	case !ok:
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, "%s is not an amount. Write it like 1234.50 or EUR 1,234.50, a negative one like -1234.50, or name the column %s and write the smallest unit.", norm.Quote(text), f.Name).On(f.Name)
	case c.Currency != "" && n.Currency != "" && c.Currency != n.Currency:
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, "%s is in %s, but the row names the currency %s; correct one of them.", norm.Quote(text), n.Currency, c.Currency).On(f.Name)
	case currency == "" && n.Symbol != "" && n.Symbol != "$":
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, "%s: the sign %s is used for several currencies; add a column currency with the code of one, like JPY.", norm.Quote(text), n.Symbol).On(f.Name)
	}
	if !isText {
		c.Decimal = norm.DecimalPoint // as JSON has it
	}
	unit := cmp.Or(currency, "USD")
	number, ok := n.Units(c.Decimal, norm.Decimals(unit))
	if !ok {
		return crm.Decoded{}, crm.Errorf(crm.InvalidValue, "%s is not an amount in %s. Write it like 1234.50 with at most %d decimals, or name the column %s and write the smallest unit.",
			norm.Quote(text), unit, norm.Decimals(unit), f.Name).On(f.Name)
	}
	return crm.Decoded{JSON: number, Whole: true, Currency: n.Currency}, nil
}

func (integerType) Matches(_ crm.Reader, _ *crm.Field, shown crm.Value, json string) bool {
	return shown.Set() && json == strconv.FormatInt(shown.Int, 10)
}

func (integerType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "integer", Sent: []string{"integer", "object"}}
}
