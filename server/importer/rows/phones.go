package rows

import (
	"regexp"
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// SplitPhones returns the phone numbers in a cell. Semicolons and line breaks always separate them. A
// comma, or a word for or and and, does if every part is written like a whole number. So does a
// slash, but people also write one inside a number: 030/123456 and 033203 / 12345 are one each, and
// 030 123456/7 is one with an extension. So each part between slashes must show that it is a number
// of its own (isOwnPhone). Slashes between blanks are tried before the others: 030/1234567 /
// 0170/1234567 are two numbers.
//
// Whatever can be read in another way is one text, as it was written.
func SplitPhones(text string) (list []string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == '\n' }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, splitAt(part, phoneSeparators)...)
		}
	}
	return list
}

// phoneSeparator may separate phone numbers.
type phoneSeparator struct {
	between *regexp.Regexp
	is      func(string) bool // what every part must be
}

// phoneSeparators are those that need a look at the parts, in the order in which they are tried.
var phoneSeparators = []phoneSeparator{
	{regexp.MustCompile(`(?i),|[\s\p{Z}](?:oder|or|und|and)[\s\p{Z}]`), norm.IsPhone},
	{regexp.MustCompile(`[\s\p{Z}]/[\s\p{Z}]`), isOwnPhone},
	{regexp.MustCompile(`/`), isOwnPhone},
}

// splitAt splits a text at the first separator that leaves nothing but numbers, and these at the
// separators after it.
func splitAt(text string, separators []phoneSeparator) (list []string) {
	for i, s := range separators {
		parts := s.between.Split(text, -1)
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		if len(parts) < 2 || slices.ContainsFunc(parts, func(part string) bool { return !s.is(part) }) {
			continue
		}
		for _, part := range parts {
			list = append(list, splitAt(part, separators[i+1:])...)
		}
		return list
	}
	return []string{text}
}

// The digits of a number that needs no other part beside it.
const (
	minOwnPhone = 7  // with a sign at its beginning
	wholeNANP   = 10 // with the area code, in North America
)

// isOwnPhone reports whether a part of a text is a number of its own: it has enough digits, and
// begins with a plus sign, a zero or a bracket, as a number behind its area code does not, or has
// as many digits as the area code and the number have together in North America.
func isOwnPhone(part string) bool {
	if !norm.IsPhone(part) {
		return false
	}
	text := strings.TrimSpace(strings.TrimPrefix(norm.Fold(part), "tel:"))
	digits := len(norm.Digits(norm.Phone(part)))
	return digits >= minOwnPhone && (strings.IndexByte("+0(", text[0]) >= 0 || digits >= wholeNANP)
}

// WithCallingCode writes the code of a country before a phone number that has none.
func WithCallingCode(code, number string) string {
	if code == "" || strings.HasPrefix(number, "+") || strings.HasPrefix(number, "00") {
		return number
	}
	if code == norm.Digits(code) {
		code = "+" + code
	}
	return code + " " + number
}
