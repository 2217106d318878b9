package aggregate

import (
	"strconv"
	"strings"

	"crmkit/crm/norm"
)

// NumberText returns a number as answers show it, from the key that norm.NumberKey made of it.
func NumberText(key string) string {
	if key == "_" {
		return "0"
	}
	sign := ""
	if text, negative := strings.CutSuffix(key, "~"); negative {
		sign, key = "-", positive(text)
	}
	digits, point := key[1:], int(key[0])-'a' // the number is 0.digits, times 10 to the point
	if key[0] == '`' || key[0] == '{' {
		bias, _ := strconv.Atoi(key[1:11])
		digits, point = key[11:], bias-5_000_000_000
	}
	switch {
	case point < -5 || point > 25:
		fraction := ""
		if len(digits) > 1 {
			fraction = "." + digits[1:]
		}
		return sign + digits[:1] + fraction + "e" + strconv.Itoa(point-1)
	case point <= 0:
		return sign + "0." + strings.Repeat("0", -point) + digits
	case len(digits) <= point:
		return sign + digits + strings.Repeat("0", point-len(digits))
	}
	return sign + digits[:point] + "." + digits[point:]
}

// positive returns the key of the positive number from that of the negative one, without its mark.
func positive(key string) string {
	flip := []byte(key)
	switch flip[0] {
	case '[':
		flip[0] = '`'
	case '0':
		flip[0] = '{'
	default:
		flip[0] = 'a' + ('Z' - flip[0])
	}
	for i := 1; i < len(flip); i++ {
		flip[i] = '0' + '9' - flip[i]
	}
	return string(flip)
}

// memberFold returns the form by which values under own keys are ordered: numbers first, by their size.
func memberFold(text string) string {
	if key, is := norm.NumberKey(text); is {
		return "0" + key
	}
	return "1" + norm.Fold(text)
}
