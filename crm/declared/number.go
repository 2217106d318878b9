package declared

import (
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// numberType is a whole number or a decimal with at most six places.
//
// It accepts a number of JSON, or one in a text, and stores the shortest plain decimal: 12.50 and
// 1.25e1 are 12.5. Numbers are compared by norm.NumberKey, digit by digit, and are never floating
// point numbers.
type numberType struct{ crm.Type }

func (numberType) String() string { return "number" }

func (numberType) Comparison() crm.Comparison {
	return crm.Comparison{By: crm.ByNumber, Ordered: true}
}

// The limits of a number.
const (
	maxDigits   = 18 // before the point
	maxDecimals = 6
	maxExponent = 24 // of the notation with e
)

func (t numberType) Decode(r crm.Reader, f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := norm.Unquote(json)
	if !isText {
		text = json
	}
	v, err := t.Parse(r, f, strings.TrimSpace(text))
	return crm.Input{Field: f, Value: v}, err
}

func (numberType) Parse(_ crm.Reader, f *crm.Field, text string) (crm.Value, *crm.Error) {
	if plain, ok := plainNumber(text); ok {
		return crm.Str(plain), nil
	}
	return crm.Value{}, crm.Errorf(crm.InvalidValue, "%s is not a number for %s: send digits like 12 or 12.5, with at most %d before the point and %d after it.",
		norm.ShowJSON(text), f.Name, maxDigits, maxDecimals).On(f.Name)
}

// Lenient changes nothing: Decode reads both forms.
func (numberType) Lenient(json string) string { return json }

// DecodeCell reads a number as the sheet writes it: 1.234,5 has the decimal sign of its column.
func (numberType) DecodeCell(_ *crm.Field, c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	_, plain := norm.NumberKey(text)
	n, ok := norm.ReadNumber(text)
	if !isText || !ok || n.Currency+n.Symbol != "" || plain && !(c.Decimal == norm.DecimalComma && n.Ambiguous()) {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	for decimals := range maxDecimals + 1 {
		if units, ok := n.Units(c.Decimal, decimals); ok {
			return crm.Decoded{JSON: units + "e-" + strconv.Itoa(decimals), Whole: true}, nil
		}
	}
	return crm.Decoded{JSON: c.JSON, Whole: true}, nil
}

func (numberType) Schema(*crm.Field) crm.JSONSchema {
	return crm.JSONSchema{Type: "number", Sent: []string{"number", "string"}}
}

// plainNumber returns a number of JSON as a plain decimal. ok is false if it is not a number, or
// beyond the limits.
func plainNumber(text string) (plain string, ok bool) {
	if _, isNumber := norm.NumberKey(text); !isNumber {
		return "", false
	}
	mantissa, power, scientific := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if scientific {
		n, err := strconv.Atoi(power)
		if err != nil || n < -maxExponent || n > maxExponent {
			return "", false
		}
		shift = n
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	whole, fraction = movePoint(whole, fraction, shift)
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if len(whole) > maxDigits || len(fraction) > maxDecimals {
		return "", false
	}
	if whole == "" {
		whole = "0"
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && whole != "0" {
		whole = "-" + whole
	}
	return whole, true
}

// movePoint returns the digits before and after the point when it has moved to the right, or to the
// left if the number of places is negative.
func movePoint(whole, fraction string, places int) (string, string) {
	if places >= 0 {
		fraction += strings.Repeat("0", max(0, places-len(fraction)))
		return whole + fraction[:places], fraction[places:]
	}
	whole = strings.Repeat("0", max(0, -places-len(whole))) + whole
	at := len(whole) + places
	return whole[:at], whole[at:] + fraction
}
