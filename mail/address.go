package mail

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// defaultName is shown as the sender of mails whose From is a bare address.
const defaultName = "crmkit"

const maxName = 100 // characters

// parseFrom reads an address with or without a name.
func parseFrom(s string) (*netmail.Address, error) {
	from, err := netmail.ParseAddress(s)
	if err != nil || !bare(from.Address) {
		return nil, fmt.Errorf("the sender %q is no address: write one like %q, the name in double quotes if it has commas or dots, the domain in ASCII", s, "Acme CRM <crm@acme.com>")
	}
	if from.Name = headerLine(from.Name, maxName); from.Name == "" {
		from.Name = defaultName
	}
	return from, nil
}

// bare reports whether s is one address and nothing else: a dot-string of RFC 5321
// section 4.1.2, also with letters beyond ASCII (RFC 6531), and a host name. It keeps
// names, quotes, comments and further commands out of RCPT TO.
func bare(s string) bool {
	local, host, _ := strings.Cut(s, "@")
	return len(s) <= 254 && norm.IsLocalPart(local) && hostName(host)
}

func letterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// hostName reports whether s is a name of RFC 1123 section 2.1, or one with underscores,
// which some networks use.
func hostName(s string) bool {
	edges := "." + s + "."
	return len(s) <= 253 && !strings.Contains(edges, ".-") && !strings.Contains(edges, "-.") && !strings.Contains(edges, "..") &&
		!strings.ContainsFunc(s, func(r rune) bool { return !letterOrDigit(r) && r != '.' && r != '-' && r != '_' })
}

// domain returns the part after the @.
func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// ascii reports whether the address needs no SMTPUTF8 (RFC 6531).
func ascii(address string) bool {
	return !strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf })
}

// mask returns an address as a log may show it: j…@acme.com.
func mask(address string) string {
	if !bare(address) {
		return "no address"
	}
	_, size := utf8.DecodeRuneInString(address)
	return address[:size] + "…@" + domain(address)
}
