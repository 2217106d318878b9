package norm

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// DecodeCharset returns a text as UTF-8 that is written in a named character set, such as
// windows-1252 or Shift_JIS; "" is UTF-8. ok is false if the text has bytes that the character set
// does not have, or, for an unknown one, that are not ASCII.
func DecodeCharset(name, text string) (decoded string, ok bool) {
	if name == "" || strings.EqualFold(name, "utf-8") {
		return text, utf8.ValidString(text)
	}
	set, err := htmlindex.Get(name)
	if err != nil {
		return text, strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
	}
	decoded, err = set.NewDecoder().String(text)
	return decoded, err == nil && !strings.ContainsRune(decoded, utf8.RuneError)
}
