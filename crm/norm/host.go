package norm

import (
	"net"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// idnaProfile maps a host name to ASCII. It differs from idna.Lookup in that it checks the
// lengths of DNS (RFC 1035 section 2.3.4).
var idnaProfile = idna.New(idna.MapForLookup(), idna.VerifyDNSLength(true), idna.BidiRule(), idna.StrictDomainName(true))

// The lengths in bytes above which a text is refused without being parsed. A host has at most
// 253 ASCII characters (RFC 1035 section 2.3.4), and a letter at most four bytes. Punycode
// takes quadratic time, so a longer text must not reach it.
const (
	maxHostSent = 4 * 253
	maxHostURL  = 8 << 10 // of a URL, which is then cut to its host
)

// Host returns a host name in stored form: lower case ASCII, without scheme, port, path,
// leading www. and trailing dot. ok is false if the text is not a name that can be public: an
// IP address, or a name without a dot.
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

// asciiHost returns the ASCII form of a host name, and whether it can be public.
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

// IsLoopback reports whether a host, with or without port, names this machine:
// localhost, or an address of the loopback interface. It does not resolve the name.
func IsLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}
