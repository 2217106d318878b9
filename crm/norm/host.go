package norm

import (
	"net"
	"strings"
	"unicode"
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

// acePrefix begins a label of a host name that stands for one in Unicode (RFC 5890 section 2.3.2.1).
const acePrefix = "xn--"

// ShowHost returns a host name in the form that people read: käse.example for
// xn--kse-qla.example. A label stays in ASCII if in Unicode it could be taken for another one
// (see isClear). Host of the result is the name again.
func ShowHost(host string) string {
	if !strings.Contains(host, acePrefix) {
		return host
	}
	labels := strings.Split(host, ".")
	top := labels[len(labels)-1]
	for i, label := range labels {
		shown, err := idnaProfile.ToUnicode(label)
		if err != nil || !strings.HasPrefix(label, acePrefix) || !isClear(shown, top) {
			continue
		}
		if back, err := idnaProfile.ToASCII(shown); err == nil && back == label {
			labels[i] = shown
		}
	}
	return strings.Join(labels, ".")
}

// ShowEmail returns an e-mail address with its host in the form that people read (see ShowHost).
func ShowEmail(address string) string {
	if !strings.Contains(address, acePrefix) {
		return address
	}
	at := strings.LastIndexByte(address, '@')
	return address[:at+1] + ShowHost(address[at+1:])
}

// isClear reports whether a label of a host name cannot be taken for another one: it has letters,
// marks and digits of one script, or of scripts that are written together in Chinese, Japanese or
// Korean (the profile Highly Restrictive of Unicode UTS #39 section 5.2). Cyrillic, Greek and
// Armenian letters that all look Latin are shown only below a top level domain of such a country,
// as browsers do.
func isClear(label, top string) bool {
	scripts := map[string]bool{}
	lookLatin := true
	for _, r := range label {
		if r != '-' && r != '·' && r != '・' && !unicode.In(r, unicode.L, unicode.M, unicode.Nd) || IsInvisible(r) {
			return false
		}
		if script := scriptOf(r); script != "" {
			scripts[script] = true
			lookLatin = lookLatin && strings.ContainsRune(latinLookalikes[script], r)
		}
	}
	if len(scripts) > 1 {
		return isWrittenTogether(scripts)
	}
	return !lookLatin || scripts["Cyrillic"] && strings.Contains(" bg by kz mk rs ru su ua uz ", " "+top+" ") || scripts["Greek"] && top == "gr"
}

// latinLookalikes are the letters that look like Latin ones, by script: the list of Chromium
// (components/url_formatter/spoof_checks).
var latinLookalikes = map[string]string{
	"Cyrillic": "аысԁеԍһіюјӏорԗԛѕԝхуъьҽпгѵѡ",
	"Greek":    "αικνρυωηοτ",
	"Armenian": "ագզէլհյոսւօ",
}

// scriptOf returns the name of the script of a character, empty for one that several scripts share.
func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

// isWrittenTogether reports whether a language is written in all of the scripts.
func isWrittenTogether(scripts map[string]bool) bool {
	for _, of := range []string{"Latin Han Hiragana Katakana", "Latin Han Bopomofo", "Latin Han Hangul"} {
		n := 0
		for _, script := range strings.Fields(of) {
			if scripts[script] {
				n++
			}
		}
		if n == len(scripts) {
			return true
		}
	}
	return false
}

// FoldHosts folds a text with host names, such as an e-mail address. If one of them stands for a
// name in Unicode, both forms are in the result, so that each is found: käse, and xn--kse.
func FoldHosts(s string) string {
	fold := Fold(s)
	if !strings.Contains(fold, acePrefix) {
		return fold
	}
	var b strings.Builder
	for rest := fold; rest != ""; {
		end := strings.IndexFunc(rest, func(r rune) bool { return !isLabelCharacter(r) })
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(decodeLabel(rest[:end]))
		next := end
		for next < len(rest) && !isLabelCharacter(rune(rest[next])) {
			next++
		}
		b.WriteString(rest[end:next])
		rest = rest[next:]
	}
	if decoded := Fold(b.String()); decoded != fold {
		return fold + "\t" + decoded
	}
	return fold
}

// isLabelCharacter reports whether a character can be in a label in ASCII.
func isLabelCharacter(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-'
}

// maxLabel is the length of a label in ASCII (RFC 1035 section 2.3.4).
const maxLabel = 63

// decodeLabel returns the Unicode form of a label, or the label itself if it has none.
func decodeLabel(label string) string {
	if len(label) > maxLabel || !strings.HasPrefix(label, acePrefix) {
		return label
	}
	if decoded, err := idna.Punycode.ToUnicode(label); err == nil && decoded != "" {
		return decoded
	}
	return label
}
