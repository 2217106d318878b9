package norm

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

// ParseAmount parses the form of FormatAmount; decimals may be left out. It never rounds. wrong
// is empty, or the end of a sentence that begins with the text: "has 3 decimals, …".
func ParseAmount(text string) (smallest int64, currency, wrong string) {
	number, code, _ := strings.Cut(strings.TrimSpace(text), " ")
	code = strings.ToUpper(strings.TrimSpace(code))
	unsigned := strings.TrimPrefix(number, "-")
	whole, fraction, dotted := strings.Cut(unsigned, ".")
	if !allDigits(whole) || dotted && !allDigits(fraction) || code == "" {
		return 0, "", "is no amount with its currency"
	}
	if !IsCurrency(code) {
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

// ParseMinorUnits parses an amount as tables of any country write it, with a currency sign and
// separators, and returns it in the smallest unit. A separator is one of thousands if it
// occurs more than once or before the other separator, or if it is the only comma and three
// digits follow. A single point is always decimal. ok is false if the text is not an amount, or
// has more decimals than the currency: nothing is rounded.
func ParseMinorUnits(text string, decimals int) (number string, ok bool) {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" '’\u00a0\u202f$€£¥₹", r) {
			return -1
		}
		return r
	}, text)
	text, negative := strings.CutPrefix(text, "-")
	whole, fraction := text, ""
	if i := strings.LastIndexAny(text, ".,"); i >= 0 {
		sign, others := text[i:i+1], strings.ContainsAny(text[:i], ".,")
		thousands := strings.Count(text, sign) > 1 || sign == "," && !others && len(text)-i-1 == 3
		if !thousands {
			whole, fraction = text[:i], text[i+1:]
		}
	}
	if !isGrouped(whole) || strings.Trim(fraction, "0123456789") != "" {
		return "", false
	}
	whole = strings.NewReplacer(",", "", ".", "").Replace(whole)
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" || strings.Trim(whole, "0123456789") != "" || len(fraction) > decimals {
		return "", false
	}
	number = strings.TrimLeft(whole+fraction+strings.Repeat("0", decimals-len(fraction)), "0")
	switch {
	case number == "":
		return "0", true
	case negative:
		return "-" + number, true
	}
	return number, true
}

// isGrouped reports whether a whole number has separators of one kind only, and groups of
// digits as people write them: three digits in the last group, two or three in those between
// (1,234,567 or 12,34,567 as in India).
func isGrouped(whole string) bool {
	if strings.Contains(whole, ",") && strings.Contains(whole, ".") {
		return false
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == ',' || r == '.' })
	for i, group := range groups {
		if i > 0 && (len(group) < 2 || len(group) > 3) || i == len(groups)-1 && i > 0 && len(group) != 3 {
			return false
		}
	}
	return true
}
