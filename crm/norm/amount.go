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
