package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// idnaProfile maps a host name to ASCII. The stock Lookup profile takes labels of
// 300 characters; this one holds DNS lengths (RFC 1035 section 2.3.4).
var idnaProfile = idna.New(idna.MapForLookup(), idna.VerifyDNSLength(true), idna.BidiRule(), idna.StrictDomainName(true))

// The most bytes that are looked at. A host has at most 253 ASCII characters (RFC 1035
// section 2.3.4), and no letter takes more than four bytes; Punycode takes quadratic
// time, so nothing longer may reach it.
const (
	maxHostSent    = 4 * 253
	maxAddressSent = 4*64 + 1 + maxHostSent
	maxHostURL     = 8 << 10 // of a URL, whose host counts
)

// Host returns a host name in stored form: lower case ASCII, without scheme,
// port, path, leading www. and trailing dot. ok is false for what cannot
// be a public host name.
func Host(s string) (host string, ok bool) {
	if len(s) > maxHostURL {
		return "", false
	}
	s = strings.TrimSpace(s)
	if scheme, rest, found := strings.Cut(s, "://"); found && !strings.ContainsAny(scheme, "/?#") {
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.Trim(s[i+1:], "0123456789") == "" {
		s = s[:i]
	}
	s, ok = asciiHost(strings.TrimSuffix(s, "."))
	for strings.HasPrefix(s, "www.") && strings.Contains(s[len("www."):], ".") {
		s = s[len("www."):]
	}
	return s, ok
}

func asciiHost(s string) (string, bool) {
	if len(s) > maxHostSent || !utf8.ValidString(s) {
		return "", false
	}
	host, err := idnaProfile.ToASCII(s)
	dot := strings.LastIndexByte(host, '.')
	if err != nil || dot < 1 || strings.Trim(host[dot+1:], "0123456789") == "" {
		return "", false
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return host, true
}

// Address returns an e-mail address in stored form: lower case, the domain in
// ASCII. It takes one bare addr-spec (RFC 5321 section 4.1.2, dot-string form,
// with RFC 6531 letters): no display name, quotes, comments or address literals.
func Address(s string) (address string, ok bool) {
	if len(s) > maxAddressSent {
		return "", false
	}
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return "", false
	}
	local, host := lower(s[:at]), s[at+1:]
	if len(local) > 64 || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") || !utf8.ValidString(local) {
		return "", false
	}
	for _, r := range local {
		if !atext(r) {
			return "", false
		}
	}
	host, ok = asciiHost(host)
	if address = local + "@" + host; !ok || len(address) > 254 {
		return "", false
	}
	return address, true
}

func atext(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r)) &&
		!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !unicode.Is(unicode.Variation_Selector, r)
}
