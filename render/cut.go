package render

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// maxListed is the maximum length of a value in a text list, a receipt or a dry run, in characters.
const maxListed = 200

// isLong reports whether cut shortens a text.
func isLong(text string) bool {
	return len(text) > maxListed && utf8.RuneCountInString(text) > maxListed
}

// cut returns a text without what is beyond maxListed, with the number of characters left out. It is cut
// between words.
func cut(text string) string { return cutTo(text, maxListed) }

// cutTo is cut with another length, of which 0 is any.
func cutTo(text string, most int) string {
	if most == 0 || len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	end, runes := most, []rune(text)
	for i := most; i > most/2; i-- {
		if unicode.IsSpace(runes[i]) {
			end = i
			break
		}
	}
	return string(runes[:end]) + "…(+" + strconv.Itoa(len(runes)-end) + " chars)"
}
