package norm

import (
	"fmt"
	"strconv"
	"strings"
)

// NumberKey returns a text whose byte order is the numeric order of JSON numbers: a letter for
// sign and exponent, then the digits. A custom value can have any number of digits, so an
// index of floating-point numbers would take different values for equal. Equal numbers such as
// 1, 1.0 and 10e-1 have one key. ok is false if s is not a JSON number (RFC 8259 section 6).
//
// Exponents from 0 to 25 are the letters a to z, of negative numbers Z to A; others are ten
// digits after one of the signs 0 [ ` {. The key of zero is _.
func NumberKey(s string) (key string, ok bool) {
	negative, digits, exponent, ok := splitNumber(s)
	if !ok {
		return "", false
	}
	digits, exponent = normalise(digits, exponent)
	if digits == "" {
		return "_", true
	}
	switch {
	case exponent < 0:
		key = "`" + farExponent(exponent) + digits
	case exponent <= 'z'-'a':
		key = string(rune('a'+exponent)) + digits
	default:
		key = "{" + farExponent(exponent) + digits
	}
	if negative {
		return invertDigits(key), true
	}
	return key, true
}

// farExponent returns an exponent as ten digits whose byte order is that of the exponents.
func farExponent(exponent int64) string {
	const bias = 5_000_000_000
	return fmt.Sprintf("%010d", min(max(exponent+bias, 0), 2*bias-1))
}

// invertDigits returns the key of a negative number from that of the positive one, with the
// byte order reversed.
func invertDigits(key string) string {
	flip := []byte(key + "~")
	switch flip[0] {
	case '`':
		flip[0] = '['
	case '{':
		flip[0] = '0'
	default:
		flip[0] = 'Z' - (flip[0] - 'a')
	}
	for i := 1; i < len(flip)-1; i++ {
		flip[i] = '0' + '9' - flip[i]
	}
	return string(flip)
}

// splitNumber returns the digits without the point, and the exponent that
// belongs to 0.digits.
func splitNumber(s string) (negative bool, digits string, exponent int64, ok bool) {
	s, negative = strings.CutPrefix(s, "-")
	mantissa, exp, scientific := cutAny(s, "eE")
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	if !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || pointed && !allDigits(fraction) {
		return false, "", 0, false
	}
	if scientific {
		if !allDigits(strings.TrimLeft(exp[:min(1, len(exp))], "+-") + exp[min(1, len(exp)):]) {
			return false, "", 0, false
		}
		if n, err := strconv.ParseInt(exp, 10, 40); err == nil {
			exponent = n
		} else if exponent = 1 << 40; exp[0] == '-' {
			exponent = -1 << 40
		}
	}
	return negative, whole + fraction, exponent + int64(len(whole)), true
}

// normalise removes zeros at both ends, so that equal numbers have the same digits.
func normalise(digits string, exponent int64) (string, int64) {
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= int64(len(digits) - len(trimmed))
	return strings.TrimRight(trimmed, "0"), exponent
}

// cutAny is strings.Cut with the first of several characters.
func cutAny(s, chars string) (before, after string, found bool) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
