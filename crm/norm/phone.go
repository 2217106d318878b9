package norm

import "strings"

// Digits returns the ASCII digits of a text without everything else.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Phone returns the form in which phone numbers are compared: their digits, without the two
// zeros that many write for the plus sign of the country code. It folds the text first, which
// turns digits of full width into ASCII.
func Phone(s string) string {
	return strings.TrimPrefix(Digits(Fold(s)), "00")
}

// minPhone is the minimum number of digits of a whole phone number.
const minPhone = 5

// IsPhone reports whether a text is written like a whole phone number.
func IsPhone(s string) bool {
	return len(Digits(s)) >= minPhone && strings.Trim(s, "0123456789+-()./ ") == ""
}

// allDigits reports whether a text has at least one digit and nothing else.
func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
