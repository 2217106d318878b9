package crm

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxInt is the largest whole number that every JSON reader keeps exactly (RFC 8259
// section 6).
const MaxInt = 1<<53 - 1

// FormatAmount returns an amount as people write it, with all decimals of its currency:
// 125000 and USD are "1250.00 USD", 120000 and JPY "120000 JPY".
func FormatAmount(smallest int64, currency string) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(smallest, 10), "-")
	decimals := Decimals(currency)
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	sign, point := "", ""
	if negative {
		sign = "-"
	}
	if decimals > 0 {
		point = "."
	}
	whole := len(digits) - decimals
	return sign + digits[:whole] + point + digits[whole:] + " " + currency
}

// ParseAmount reads what FormatAmount writes; decimals may be left out. It never rounds.
// wrong says what is wrong with the text, and is empty where nothing is.
func ParseAmount(text string) (smallest int64, currency, wrong string) {
	number, code, _ := strings.Cut(strings.TrimSpace(text), " ")
	code = strings.ToUpper(strings.TrimSpace(code))
	unsigned := strings.TrimPrefix(number, "-")
	whole, fraction, dotted := strings.Cut(unsigned, ".")
	if !allDigits(whole) || dotted && !allDigits(fraction) || code == "" {
		return 0, "", "is no amount with its currency"
	}
	if !Currency(code) {
		return 0, "", "does not end with an ISO 4217 currency code"
	}
	decimals := Decimals(code)
	if len(fraction) > decimals {
		return 0, "", fmt.Sprintf("has %d decimals, %s has %d, and nothing is rounded", len(fraction), code, decimals)
	}
	sign := number[:len(number)-len(unsigned)]
	n, err := strconv.ParseInt(sign+whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10, 64)
	if err != nil || n > MaxInt || n < -MaxInt {
		return 0, "", fmt.Sprintf("is beyond %s, the most that is kept", FormatAmount(MaxInt, code))
	}
	return n, code, ""
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Amount returns the value of an input for a field that spells an amount.
func Amount(smallest int64, currency string) Value {
	return Value{Kind: IntKind, Int: smallest, Text: currency}
}

// FormattedAmount returns the amount that a field of the record spells; Null where none is set.
func (r Record) FormattedAmount(f *Field) Value {
	n, currency := r.Value(f.AmountOf), r.Value(f.Unit)
	if !n.Set() || !currency.Set() {
		return Value{}
	}
	return Str(FormatAmount(n.Int, currency.Text))
}

// spell sets the number and the currency that a spelled amount stands for. One that is
// as it was before says nothing, so that a record can be sent back with one of them
// changed.
func (in Input) spell(e *Entity, before, after []Value) *Error {
	f := in.Field
	at, want := []int{e.Index(f.AmountOf), e.Index(f.Unit)}, []Value{Number(in.Value.Int), Str(in.Value.Text)}
	if !in.Value.Set() {
		at, want = at[:1], []Value{{}}
	}
	same := true
	for i, field := range at {
		same = same && before[field].Equal(want[i])
	}
	if same {
		return nil
	}
	for i, field := range at {
		if !after[field].Equal(before[field]) && !after[field].Equal(want[i]) {
			return Errorf(InvalidValue, "%s and %s contradict each other; send one of them.", f.Name, e.Fields[field].Name).On(f.Name)
		}
		after[field] = want[i]
	}
	return nil
}
