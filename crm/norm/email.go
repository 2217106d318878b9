package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxEmailSent is the length in bytes above which a text is refused without being parsed: a
// local part of 64 characters, which lower case may shorten, and a host.
const maxEmailSent = 4*64 + 1 + maxHostSent

// Email returns an e-mail address in stored form: lower case, the domain in
// ASCII. It takes one bare addr-spec (RFC 5321 section 4.1.2, dot-string form,
// with RFC 6531 letters): no display name, quotes, comments or address literals.
func Email(s string) (address string, ok bool) {
	if len(s) > maxEmailSent {
		return "", false
	}
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return "", false
	}
	local, host := Lower(s[:at]), s[at+1:]
	host, ok = asciiHost(host)
	if !IsLocalPart(local) {
		return "", false
	}
	if address = local + "@" + host; !ok || len(address) > 254 {
		return "", false
	}
	return address, true
}

// IsLocalPart reports whether s can be the part of an address before the @, as a
// dot-string: words with single dots between them.
func IsLocalPart(s string) bool {
	if len(s) > 64 || !utf8.ValidString(s) {
		return false
	}
	for word := range strings.SplitSeq(s, ".") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return !isAtext(r) }) {
			return false
		}
	}
	return true
}

// isAtext reports whether a character is one of atext (RFC 5322 section 3.2.3), or a
// letter beyond ASCII. Invisible characters are refused, since two different addresses must
// not look the same.
func isAtext(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !unicode.Is(unicode.Variation_Selector, r)
}
