package alike

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// Card is what a record says of whom it is about, in the forms in which these things are compared.
// Only the domains of its company are added after Of.
type Card struct {
	Record crm.Record
	Key    int64 // of the record

	name           name
	ids            []string // in other products
	mailboxes      []string
	addresses      []string // as they are stored
	domains        []string // of a company, or of its people's addresses
	phones         []string // international numbers, as people in the country read them
	tails          []string // the last digits of the numbers, the same in every country
	company        int64    // the key of the record; 0: unknown
	companyDomains []string // its domains, if they were asked for
	title          string
	place          string
}

// Kinds are the entities of which duplicates are found.
var Kinds = []string{"contact", "company"}

// Knows reports whether duplicates of an entity are found.
func Knows(e *crm.Entity) bool { return slices.Contains(Kinds, e.Name) }

// Fields returns the names of the fields of which cards are made.
func Fields(e *crm.Entity) []string {
	if e.Name == "company" {
		return []string{"name", "domain", "other_domains", "external_ids", "address"}
	}
	return []string{"name", "email", "other_emails", "phone", "other_phones", "company_id", "external_ids", "title"}
}

// DomainsOf returns the domains of a company.
func DomainsOf(rec crm.Record) []string { return values(rec, "domain", "other_domains") }

// Of returns the card of a record of one of the kinds. Phone numbers are read as people in the
// country (ISO 3166-1) do.
func Of(rec crm.Record, country string) *Card {
	c := &Card{Record: rec, Key: rec.Key, ids: rec.Value("external_ids").List()}
	text := rec.Value("name").Text
	if rec.Entity.Name == "company" {
		c.name = companyName(text)
		c.domains = DomainsOf(rec)
		c.place = norm.Fold(member(rec, "city") + "/" + member(rec, "street"))
		return c
	}
	c.name, c.title, c.company = personName(text), norm.Fold(rec.Value("title").Text), rec.Value("company_id").Int
	c.addresses = values(rec, "email", "other_emails")
	for _, address := range c.addresses {
		mailbox, domain := readAddress(address)
		if mailbox != "" {
			c.mailboxes = append(c.mailboxes, mailbox)
		}
		if domain != "" {
			c.domains = append(c.domains, domain)
		}
	}
	for _, phone := range values(rec, "phone", "other_phones") {
		if tail := tailOf(phone); tail != "" {
			c.phones, c.tails = append(c.phones, norm.PhoneNumber(country, phone)), append(c.tails, tail)
		}
	}
	return c
}

// values returns the value of a field and the items of a list.
func values(rec crm.Record, field, list string) (all []string) {
	if text := rec.Value(field).Text; text != "" {
		all = append(all, text)
	}
	return append(all, rec.Value(list).List()...)
}

// member returns a part of an address.
func member(rec crm.Record, part string) string {
	for _, m := range rec.Value("address").Members() {
		if text, ok := norm.Unquote(m.JSON); ok && m.Name == part {
			return text
		}
	}
	return ""
}

// readAddress returns the mailbox of an address if it may have others (jane+news@ is jane@, and
// Gmail ignores full stops), and the domain unless it belongs to a provider for anybody.
func readAddress(address string) (mailbox, domain string) {
	local, host, _ := strings.Cut(address, "@")
	bare, _, tagged := strings.Cut(local, "+")
	if host == "gmail.com" || host == "googlemail.com" {
		bare, host = strings.ReplaceAll(bare, ".", ""), "gmail.com"
	}
	shared := products.IsSharedHost(host)
	if bare != "" && (tagged || shared) {
		mailbox = bare + "@" + host
	}
	if !shared {
		domain = host
	}
	return mailbox, domain
}

// tailDigits is how many digits at the end of a number are compared first. No country has so short a
// calling code or trunk prefix that these digits depend on the notation.
const tailDigits = 8

// tailOf returns the last digits of a phone number; nothing of a text that is no whole number.
func tailOf(phone string) string {
	digits := strings.TrimLeft(norm.Digits(norm.Phone(phone)), "0")
	if len(digits) < 5 {
		return ""
	}
	return digits[max(0, len(digits)-tailDigits):]
}

// isEmpty reports whether the record has nothing but a name by which it could be compared.
func (c *Card) isEmpty() bool {
	return len(c.addresses) == 0 && len(c.phones) == 0 && len(c.domains) == 0 && c.company == 0 && len(c.ids) == 0
}

// shares reports whether two lists have an item in common.
func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(item string) bool { return slices.Contains(b, item) })
}
