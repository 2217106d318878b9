package crm

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm/norm"
)

// An input can change the value that a record has instead of replacing it: a number by a factor or
// an amount, a time by a distance. What it does is then in Input.JSON, checked by ParseFactor,
// ParseAddend or ParseShift. A record without a value has nothing to change, and stays as it is.

// The bounds of a factor. Every factor that people mean is within them, and the product is exact
// whatever the number.
const (
	maxFactorDigits   = 30
	maxFactorExponent = 20
)

// ParseFactor reads the JSON of a number by which another one is multiplied. ok is false if it is no
// number, or one with more digits than the bounds allow.
func ParseFactor(json string) (factor *big.Rat, ok bool) {
	mantissa, exponent, has := strings.Cut(strings.ToLower(json), "e")
	if n, err := strconv.Atoi(exponent); has && (err != nil || n > maxFactorExponent || n < -maxFactorExponent) {
		return nil, false
	}
	if len(mantissa) > maxFactorDigits || strings.Trim(mantissa, "-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(json)
}

// ParseAddend reads the JSON of a whole number that is added to another one.
func ParseAddend(json string) (n int64, ok bool) {
	n, err := strconv.ParseInt(json, 10, 64)
	return n, err == nil && n <= norm.MaxInt && n >= -norm.MaxInt
}

// ParseShift reports whether a text is a distance by which a time is moved, such as +7d.
func ParseShift(text string) bool {
	_, ok := shift(0, text, nil)
	return ok
}

// shift returns a time moved by a distance: days and weeks keep the time of day in the zone. ok is
// false if the text is no distance, or the result is outside the years that times have.
func shift(at int64, distance string, zone *time.Location) (moved int64, ok bool) {
	if distance == "" || distance[0] != '+' && distance[0] != '-' {
		return 0, false
	}
	span, ok := norm.Clock{Now: time.UnixMilli(at), Zone: zone}.Parse(distance)
	return span.From, ok
}

// adjust returns the value of a field after an input that changes it.
func (in Input) adjust(old Value, at Setting) (Value, *Error) {
	if !old.Set() {
		return old, nil
	}
	if in.Mode == Shift {
		moved, ok := shift(old.Int, in.JSON, at.Zone)
		if !ok {
			return old, Errorf(InvalidValue, "%s cannot be moved by %s: the result is outside the years 1 to 9999.", in.Field.Name, in.JSON).On(in.Field.Name)
		}
		return Millis(moved), nil
	}
	result := big.NewInt(old.Int)
	if in.Mode == AddNumber {
		n, _ := ParseAddend(in.JSON)
		result.Add(result, big.NewInt(n))
	} else {
		factor, _ := ParseFactor(in.JSON)
		result = halfEven(factor.Mul(factor, new(big.Rat).SetInt(result)))
	}
	if !result.IsInt64() || result.Int64() > norm.MaxInt || result.Int64() < -norm.MaxInt {
		return old, Errorf(InvalidValue, "%s would be %s, beyond the most that is kept, %d.", in.Field.Name, shownNumber(result), norm.MaxInt).On(in.Field.Name)
	}
	return Number(result.Int64()), nil
}

// shownNumber returns a number for an error, without all the digits of a very long one.
func shownNumber(n *big.Int) string {
	if text := n.String(); len(text) <= maxFactorDigits {
		return text
	}
	return "a number of more than " + strconv.Itoa(maxFactorDigits) + " digits"
}

// halfEven rounds to a whole number, the half to the even neighbour, so that the sum of many rounded
// numbers is not biased.
func halfEven(r *big.Rat) *big.Int {
	whole, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int)) // rest is not negative
	twice := rest.Lsh(rest, 1).Cmp(r.Denom())
	if twice > 0 || twice == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole
}

// checkAdjusted refuses an input that changes a value of a record that is only being made.
func checkAdjusted(e *Entity, before []Value, in Input) *Error {
	if i := e.Index(FieldVersion); i < 0 || before[i].Set() || !in.Mode.adjusts() {
		return nil
	}
	return Errorf(InvalidValue, "%s has no value to change in a new %s; send the value itself.", in.Field.Name, e.Name).On(in.Field.Name)
}

// adjusts reports whether the mode changes the value that a record has.
func (m Mode) adjusts() bool { return m == Multiply || m == AddNumber || m == Shift }

// SharesAddress reports whether inputs have a value that the record has in its unique field or
// among the further ones.
func SharesAddress(rec Record, inputs []Input) bool {
	f := rec.Entity.Field(rec.Entity.Keys.Unique)
	has := append([]string{rec.Value(f.Name).Text}, rec.Value(f.Others).List()...)
	return slices.ContainsFunc(inputs, func(in Input) bool {
		return in.Field == f && slices.Contains(has, in.Value.Text) ||
			in.Field.Name == f.Others && slices.ContainsFunc(in.Value.List(), func(item string) bool { return slices.Contains(has, item) })
	})
}
