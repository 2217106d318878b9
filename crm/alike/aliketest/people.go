package aliketest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"crmkit/crm/norm"
)

// Person is what a record of a contact says of a person.
type Person struct {
	Name, Email, Phone, Title string
	OtherPhones               []string
	Company                   int // 1 + the place in Set.Companies; 0: unknown
}

// Company is a company of a set.
type Company struct {
	Name, Domain string
	Phone        string // the part of the number that all extensions share
	people       []int
	pattern      int // how its addresses are made of names
}

// person is a person with what only the generator knows.
type person struct {
	Person
	language      *language
	given, family string
	number        string // the international number of Phone, without a plus sign
}

// generator makes a set. All that it decides follows from its seed.
type generator struct {
	*rand.Rand
	set     Set
	people  []person
	emails  map[string]bool
	phones  map[string]bool
	looks   map[int]bool // people who look like another on purpose
	company []int        // places in set.Companies, one for each job there
}

// one returns one of some words.
func (g *generator) one(words ...string) string { return words[g.IntN(len(words))] }

// percent reports true so many times out of a hundred.
func (g *generator) percent(n int) bool { return g.IntN(100) < n }

// frequent returns one of some words, the first ones more often: the n-th about 30/(n+30) as often.
func (g *generator) frequent(words []string) string {
	for {
		at := g.IntN(len(words))
		if g.IntN(at+30) < 30 {
			return words[at]
		}
	}
}

// speaker returns a language, by the share of its speakers.
func (g *generator) speaker() *language {
	left := g.IntN(100)
	for i := range languages {
		if left -= languages[i].share; left < 0 {
			return &languages[i]
		}
	}
	return &languages[0]
}

// familyName returns a family name: four of ten people have one of the frequent ones.
func (g *generator) familyName(l *language) string {
	name := strings.ReplaceAll(g.frequent(l.family), "_", " ")
	if g.percent(60) {
		name = g.one(l.begins...) + g.one(l.ends...)
	}
	if l.double && g.percent(60) {
		return name + " " + g.frequent(l.family)
	}
	return name
}

// named gives a person a name.
func (g *generator) named() (p person) {
	l := g.speaker()
	p.language, p.given, p.family = l, g.frequent(l.given), g.familyName(l)
	if !l.joined && g.percent(12) {
		p.given += " " + g.frequent(l.given)
	}
	p.Name = fullName(p)
	return p
}

// fullName returns the name as the person's language writes it.
func fullName(p person) string {
	if p.language.joined {
		return p.family + p.given
	}
	return p.given + " " + p.family
}

// ascii returns a word as it is written in addresses: letters of ASCII, as one word.
func (g *generator) ascii(name string) string {
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, norm.Fold(strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ö", "oe", "Ü", "ue").Replace(name)))
	if word == "" { // a script that addresses do not have
		return "u" + fmt.Sprint(g.IntN(1_000_000))
	}
	return word
}

// address returns an address that no other person of the set has.
func (g *generator) address(p person, domain string, pattern int) string {
	given, family := g.ascii(strings.Fields(p.given)[0]), g.ascii(p.family)
	local := [...]string{given + "." + family, given[:1] + "." + family, given, given[:1] + family, family, given + "_" + family, family + "." + given}[pattern%7]
	email := local + "@" + domain
	for n := 2; g.emails[email]; n++ {
		email = fmt.Sprintf("%s%d@%s", local, n, domain)
	}
	g.emails[email] = true
	return email
}

// freeMail are providers of addresses for anybody.
var freeMail = []string{"gmail.com", "gmail.com", "gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "gmx.de", "web.de", "orange.fr", "libero.it", "mail.ru", "qq.com", "wp.pl"}

// privateAddress returns an address with a provider for anybody.
func (g *generator) privateAddress(p person) string {
	return g.address(p, g.one(freeMail...), g.IntN(7))
}

// mobile returns an international number that no other person of the set has.
func (g *generator) mobile(l *language) string {
	code := norm.Digits(g.one(l.prefixes...))
	return g.unused(code, 12-len(code))
}

// unused returns a number with the beginning and so many digits after it that nobody has yet.
func (g *generator) unused(begin string, digits int) string {
	for {
		if number := begin + g.digits(digits); !g.phones[number] {
			g.phones[number] = true
			return number
		}
	}
}

// digits returns so many digits.
func (g *generator) digits(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + g.IntN(10)))
	}
	return b.String()
}

// written returns an international number in one of the usual notations.
func (g *generator) written(number string) string {
	if number == "" {
		return ""
	}
	at := 5 + g.IntN(2)
	switch g.IntN(5) {
	case 0:
		return "+" + number
	case 1:
		return "00" + number
	case 2:
		return "+" + number[:2] + " " + number[2:at] + "-" + number[at:]
	case 3:
		if strings.HasPrefix(number, "49") { // as people in Germany write it
			return "0" + number[2:at] + "/" + number[at:]
		}
	}
	return "+" + number[:at] + " " + number[at:at+3] + " " + number[at+3:]
}
