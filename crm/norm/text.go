package norm

import (
	"slices"
	"strings"
	"unicode/utf8"

	unicodenorm "golang.org/x/text/unicode/norm"
)

// Clean returns a string in stored form: trimmed and in Unicode NFC. ok is false if it has NUL
// or bytes that are not UTF-8, which PostgreSQL cannot store.
func Clean(s string) (clean string, ok bool) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return "", false
	}
	return unicodenorm.NFC.String(strings.TrimSpace(s)), true
}

// Lower returns the form of addresses and host names, in which accents matter.
func Lower(s string) string { return unicodenorm.NFC.String(strings.ToLower(s)) }

// nothing are the words that people write into a cell of a sheet that has no value, in lower case.
var nothing = strings.Fields(`- -- --- – — ./. n/a n.a. #n/a none null nil k.a. keine keiner kein aucun aucune néant ninguno ninguna nessuno nessuna geen n.v.t. nenhum nenhuma`)

// IsNothing reports whether a text is written for no value. It is for values that are no free text:
// a person may be called Null.
func IsNothing(text string) bool {
	return slices.Contains(nothing, strings.ToLower(strings.Join(strings.Fields(text), "")))
}
