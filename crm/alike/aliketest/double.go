package aliketest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"crmkit/crm/norm"
)

// double returns another record of a person, of the kind that the n-th of twenty has. ok is false if
// nobody would make a record of this kind of the person: the person has no number, or nothing would
// be the same.
func (g *generator) double(of, n int) (p person, kind Kind, ok bool) {
	known := g.people[of]
	p = known
	p.OtherPhones, p.Email, p.Title = nil, "", g.maybeTitle(known)
	switch {
	case n < 8:
		kind, ok = Letters, g.misspell(&p) && g.recordAgain(&p, known)
	case n < 12:
		kind, ok = SecondAddress, known.Email != "" && g.recordAgain(&p, known)
		if p.Email == "" {
			p.Email = g.otherAddress(known)
		}
	case n < 15:
		kind, ok = Moved, known.Company > 0 && g.move(&p)
	case n < 17:
		kind, ok = PhoneOnly, known.Phone != "" && g.forgetAllButPhone(&p)
	case n < 19:
		kind, ok = NameParts, g.changeParts(&p) && g.recordAgain(&p, known)
	default:
		kind, ok = Nickname, g.useNickname(&p) && g.recordAgain(&p, known)
	}
	return p, kind, ok
}

func (g *generator) maybeTitle(known person) string {
	if g.percent(50) {
		return known.Title
	}
	return ""
}

// recordAgain gives the second record of a person what somebody who does not know of the first one
// would write down, and reports whether it has anything by which a reader would see that they
// are of one person.
func (g *generator) recordAgain(p *person, known person) bool {
	switch n := g.IntN(100); {
	case n < 40:
	case n < 65:
		p.Email = g.privateAddress(*p)
	default:
		p.Email = g.otherAddress(*p)
	}
	domain := ""
	if known.Company > 0 {
		domain = g.set.Companies[known.Company-1].Domain
	}
	if g.percent(15) {
		p.Company = 0
	}
	switch n := g.IntN(100); {
	case known.number != "" && n < 45:
	case n < 75:
		p.number = ""
	default:
		p.number = g.numberFor(known)
	}
	p.Phone = g.written(p.number)
	if known.number != "" && g.percent(5) {
		p.OtherPhones = []string{g.written(known.number)}
	}
	sameCompany := p.Company > 0 || domain != "" && strings.HasSuffix(p.Email, "@"+domain)
	return sameCompany || known.number != "" && (len(p.OtherPhones) > 0 || p.number == known.number)
}

// otherAddress returns a further address at the company, made of the name in another way.
func (g *generator) otherAddress(p person) string {
	if p.Company == 0 {
		return g.privateAddress(p)
	}
	c := g.set.Companies[p.Company-1]
	return g.address(p, c.Domain, c.pattern+1+g.IntN(6))
}

// move gives a person another company. Seven of ten keep their number.
func (g *generator) move(p *person) bool {
	was := p.Company
	for p.Company == was {
		p.Company = 1 + g.company[g.IntN(len(g.company))]
	}
	p.Email = g.addressFor(*p, 90)
	switch n := g.IntN(100); {
	case p.number != "" && n < 75:
	case n < 85:
		p.number = g.numberFor(*p)
	default:
		p.number = ""
	}
	p.Phone = g.written(p.number)
	return p.Email != "" || p.Phone != ""
}

// forgetAllButPhone leaves a number, and what the display of a telephone shows.
func (g *generator) forgetAllButPhone(p *person) bool {
	p.Phone, p.Company, p.Title = g.written(p.number), 0, ""
	switch n := g.IntN(100); {
	case n < 40:
		p.Name = p.given
	case n < 65:
		p.Name = g.one("Mr. ", "Ms. ", "Frau ", "Herr ", "") + p.family
	case n < 80:
		p.Name = firstLetter(p.given) + ". " + p.family
	case n < 90:
		p.Name = p.Phone
	default:
		p.Name = g.one("Unknown", "Caller", "New contact", "Unbekannt", "(no name)", "Lead")
	}
	return true
}

func firstLetter(name string) string {
	_, size := utf8.DecodeRuneInString(name)
	return name[:size]
}

// changeParts swaps, shortens, adds or leaves out parts of a name.
func (g *generator) changeParts(p *person) bool {
	if p.language.joined {
		p.Name = p.family + " " + p.given
		return true
	}
	names := strings.Fields(p.family)
	switch n := g.IntN(100); {
	case n < 25:
		p.Name = p.family + ", " + p.given
	case n < 45:
		p.Name = p.family + " " + p.given
	case n < 65:
		p.Name = firstLetter(p.given) + ". " + p.family
	case n < 80 && len(names) > 1:
		p.Name = p.given + " " + names[0]
	case n < 90 && strings.Contains(p.given, " "):
		p.Name = strings.Fields(p.given)[0] + " " + p.family
	case n < 95:
		p.Name = p.given + " " + firstLetter(g.frequent(p.language.given)) + ". " + p.family
	default:
		p.Name = g.one("Dr. ", "Herr ", "Ms ") + p.given + " " + p.family
	}
	return true
}

// useNickname replaces the given name.
func (g *generator) useNickname(p *person) bool {
	short := nicknames[p.given]
	p.given = short
	p.Name = short + " " + p.family
	return short != ""
}

// misspell makes one mistake in a name, or two: of ten names, three have two.
func (g *generator) misspell(p *person) bool {
	if p.language.joined {
		return false
	}
	was := p.Name
	p.Name = g.mistake(p.Name)
	if g.percent(30) {
		p.Name = g.mistake(p.Name)
	}
	if at := strings.LastIndexByte(p.Name, ' '); at > 0 {
		p.given, p.family = p.Name[:at], p.Name[at+1:]
	}
	return norm.Fold(p.Name) != norm.Fold(was)
}

// neighbours are the keys beside each key of a keyboard.
var neighbours = map[rune]string{'a': "sqz", 'b': "vn", 'c': "xv", 'd': "sfe", 'e': "wrd", 'f': "dgr", 'g': "fht", 'h': "gjy", 'i': "uok", 'j': "hku", 'k': "jli",
	'l': "ko", 'm': "n", 'n': "bm", 'o': "ipl", 'p': "o", 'q': "wa", 'r': "etf", 's': "adw", 't': "ryg", 'u': "yij", 'v': "cb", 'w': "qes", 'x': "zc", 'y': "tu", 'z': "xs"}

// mistake leaves out, doubles, replaces or exchanges a letter. Half of the replaced ones are replaced
// by a neighbour on the keyboard, the others by a letter of the same name: for one that sounds alike.
func (g *generator) mistake(name string) string {
	letters := []rune(name)
	at := g.IntN(len(letters) - 1)
	for !unicode.IsLetter(letters[at]) || !unicode.IsLetter(letters[at+1]) {
		if at++; at >= len(letters)-1 {
			at = 0
		}
	}
	switch g.IntN(4) {
	case 0:
		return string(letters[:at]) + string(letters[at+1:])
	case 1:
		return string(letters[:at+1]) + strings.ToLower(string(letters[at:]))
	case 2:
		letters[at], letters[at+1] = unicode.ToLower(letters[at+1]), unicode.ToLower(letters[at])
		return string(letters)
	}
	if near := neighbours[unicode.ToLower(letters[at])]; near != "" && g.percent(50) {
		letters[at] = rune(near[g.IntN(len(near))])
	} else {
		letters[at] = unicode.ToLower(letters[g.IntN(len(letters))])
	}
	return string(letters)
}
