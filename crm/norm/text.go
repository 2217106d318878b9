package norm

import (
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
