package norm

import (
	"mime"
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

// Mailbox is an address with the name that is written beside it.
type Mailbox struct {
	Name    string // empty if there is none
	Address string // as it is written; not checked
}

// ReadMailbox splits one mailbox as mails and address books write it: a bare address, Mara Lind
// <mara@acme.com> (RFC 5322 section 3.4, name-addr), or the older mara@acme.com (Mara Lind). An
// encoded name (RFC 2047) is decoded. A name that only repeats the address is left out. A text whose
// brackets have no address is returned whole as the address, so that its error shows it.
func ReadMailbox(text string) Mailbox {
	text = strings.TrimSpace(text)
	name, rest, bracketed := text, "", false
	if inside, found := strings.CutSuffix(text, ">"); found {
		if at := strings.LastIndexByte(inside, '<'); at >= 0 {
			name, rest, bracketed = inside[:at], inside[at+1:], true
		}
	} else if inside, found := strings.CutSuffix(text, ")"); found {
		rest, name, bracketed = strings.Cut(inside, "(")
	}
	if rest = withoutMailto(rest); !bracketed {
		return Mailbox{Address: withoutMailto(text)}
	}
	address, ok := Email(rest)
	if !ok {
		return Mailbox{Address: text}
	}
	name = displayName(name)
	if same, _ := Email(name); same == address {
		name = ""
	}
	return Mailbox{name, rest}
}

// withoutMailto returns the address in the link of a mail (RFC 6068), without its parameters.
func withoutMailto(text string) string {
	const scheme = "mailto:"
	text = strings.TrimSpace(text)
	if len(text) <= len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) {
		return text
	}
	address, _, _ := strings.Cut(text[len(scheme):], "?")
	return strings.TrimSpace(address)
}

// displayName returns a display name without the quotes around it and without what they need.
func displayName(text string) string {
	text = strings.TrimSpace(text)
	for _, quote := range []string{`"`, "'"} {
		if len(text) > 1 && strings.HasPrefix(text, quote) && strings.HasSuffix(text, quote) {
			text = strings.TrimSpace(text[1 : len(text)-1])
		}
	}
	text = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(text)
	if decoded, err := new(mime.WordDecoder).DecodeHeader(text); err == nil && utf8.ValidString(decoded) {
		text = decoded
	}
	return strings.Join(strings.Fields(text), " ")
}

// SplitMailboxes splits a text with several mailboxes at commas, semicolons and line breaks, and at a
// slash with blanks around it behind an address, those in quotes or brackets excepted. Outlook writes a name with a comma without quotes: Lind, Mara
// <mara@acme.com> is one mailbox, since a part without an @ is no address.
func SplitMailboxes(text string) (list []string) {
	closers := map[byte]byte{'"': '"', '<': '>', '(': ')'} // of those that are closed at all
	start, free := 0, 0                                    // the parts from free on may begin the name of the next mailbox
	add := func(end int, separator string) {
		part := strings.TrimSpace(text[start:end])
		if start = end + len(separator); part == "" {
			return
		}
		if strings.HasSuffix(part, ">") {
			part, list = strings.Join(append(list[free:len(list):len(list)], part), ", "), list[:free]
		}
		if list = append(list, part); separator != "," || strings.ContainsAny(part, "@>") {
			free = len(list)
		}
	}
	for i := 0; i < len(text); i++ {
		closer := closers[text[i]]
		switch end := closingAt(text, i+1, closer); {
		case closer != 0 && end >= 0:
			i = end
		case closer != 0:
			delete(closers, text[i]) // no later one is closed either
		case strings.IndexByte(",;\n", text[i]) >= 0:
			add(i, text[i:i+1])
		case strings.HasPrefix(text[i:], "/ ") && strings.HasSuffix(text[:i], " ") && strings.ContainsAny(text[start:i], "@>"):
			add(i, "/")
		}
	}
	add(len(text), "")
	return list
}

// closingAt returns where a closing character is, from a position on, -1 if there is none or
// the character is 0. A backslash makes the next character an ordinary one.
func closingAt(text string, from int, closer byte) int {
	for i := from; closer != 0 && i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case closer:
			return i
		}
	}
	return -1
}
