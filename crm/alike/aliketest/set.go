// Package aliketest makes sets of people for tests of what finds duplicates. In a set some people
// are recorded twice, as it happens: by another who heard the name, from another list, after a new
// job. Others are different people who look alike. The set says which is which.
//
// A set follows from its seed. Nothing in it is of a real person. The package knows nothing of
// the rules by which duplicates are found: it was written before them.
package aliketest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"crmkit/crm/norm"
)

// Kind says why two records of a set are of one person, or look as if they were.
type Kind string

// The kinds of two records of one person, and how many of a hundred doubles are of each.
const (
	Letters       Kind = "letters"        // 40: one or two letters of the name are wrong
	SecondAddress Kind = "second address" // 20: the same name with another e-mail address
	Moved         Kind = "moved"          // 15: the same name at another company
	PhoneOnly     Kind = "phone only"     // 10: nothing but a number, and a part of the name or none
	NameParts     Kind = "name parts"     // 10: parts of the name are swapped, shortened or missing
	Nickname      Kind = "nickname"       // 5: another given name that the same person uses
)

// The kinds of records of two people.
const (
	SharedPhone Kind = "shared phone" // colleagues with one number
	SharedName  Kind = "shared name"  // people with one name at one company
)

// Pair is two people of a set, by their places in it.
type Pair struct {
	A, B int
	Kind Kind
}

// Set is people with what is known of them.
type Set struct {
	People    []Person
	Companies []Company
	Doubles   []Pair // records of one person
	Different []Pair // records of two people who look alike; others may by chance
}

// Generate makes a set of so many people, of whom one in ten is recorded twice. For each hundred
// people there are two pairs of different people who share a phone number, or a name at one company.
func Generate(seed uint64, people int) Set {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 20)), emails: map[string]bool{}, phones: map[string]bool{}, looks: map[int]bool{}}
	g.makeCompanies(people)
	for range people {
		g.add(g.colleague())
	}
	for i := range people / 50 {
		g.lookAlike([]Kind{SharedPhone, SharedName}[i%2])
	}
	used := map[int]bool{}
	for made := 0; made < people/10; {
		of := g.IntN(people)
		if used[of] {
			continue
		}
		if p, kind, ok := g.double(of, made%20); ok {
			used[of] = true
			made++
			g.set.Doubles = append(g.set.Doubles, Pair{of, g.add(p), kind})
		}
	}
	for i := range g.people {
		g.set.People = append(g.set.People, g.people[i].Person)
	}
	return g.set
}

// makeCompanies makes companies with enough jobs for so many people: most have a few, some have hundreds.
func (g *generator) makeCompanies(people int) {
	kinds := words("GmbH AG Inc. Ltd LLC S.A. SARL S.r.l. Group Technologies Solutions Partners Logistics Consulting Software Foods Energy Bank Clinic & Sons")
	taken := map[string]bool{}
	for len(g.company) < people {
		l := g.speaker()
		base := strings.ReplaceAll(g.familyName(l), " ", "-")
		label := g.ascii(base)
		if taken[label] {
			label = fmt.Sprint(label, g.IntN(10_000))
		}
		if taken[label] {
			continue
		}
		taken[label] = true
		c := Company{Name: base + " " + g.one(kinds...), Domain: label + g.one(".com", ".com", ".de", ".eu", ".net", ".example"), pattern: g.IntN(5)}
		c.Phone = norm.Digits(g.one(l.prefixes...)) + g.digits(3)
		jobs := 1 + g.IntN(6)
		for jobs < people/200+2 && g.percent(60) {
			jobs += 1 + jobs*g.IntN(60)/100
		}
		for range jobs {
			g.company = append(g.company, len(g.set.Companies))
		}
		g.set.Companies = append(g.set.Companies, c)
	}
}

var titles = words("CEO CTO CFO Buyer Engineer Assistant Accountant Founder Consultant Director Controller Developer Designer Recruiter Lawyer Analyst")

// colleague returns a new person: of a hundred, 93 with a company, 82 with an address, 68 with a
// number.
func (g *generator) colleague() person {
	p := g.named()
	if g.percent(93) {
		p.Company = 1 + g.company[g.IntN(len(g.company))]
	}
	p.Email = g.addressFor(p, 82)
	if g.percent(68) {
		p.number = g.numberFor(p)
		p.Phone = g.written(p.number)
	}
	if g.percent(40) {
		p.Title = g.one(titles...)
	}
	return p
}

// addressFor returns an address for so many of a hundred people: most at their company.
func (g *generator) addressFor(p person, percent int) string {
	switch {
	case !g.percent(percent):
		return ""
	case p.Company > 0 && g.percent(88):
		c := g.set.Companies[p.Company-1]
		return g.address(p, c.Domain, c.pattern)
	}
	return g.privateAddress(p)
}

// numberFor returns the number of a mobile, or of an extension at the company.
func (g *generator) numberFor(p person) string {
	if p.Company == 0 || g.percent(55) {
		return g.mobile(p.language)
	}
	begin := g.set.Companies[p.Company-1].Phone
	return g.unused(begin, 12-len(begin))
}

// add puts a person into the set, and returns the place.
func (g *generator) add(p person) int {
	at := len(g.people)
	g.people = append(g.people, p)
	if p.Company > 0 {
		c := &g.set.Companies[p.Company-1]
		c.people = append(c.people, at)
	}
	return at
}

// lookAlike makes two people of one company look alike: with one number, or with one name.
func (g *generator) lookAlike(by Kind) {
	for {
		c := g.set.Companies[g.company[g.IntN(len(g.company))]]
		if len(c.people) < 2 {
			continue
		}
		a, b := c.people[g.IntN(len(c.people))], c.people[g.IntN(len(c.people))]
		one, other := &g.people[a], &g.people[b]
		if a == b || one.Name == other.Name || g.looks[a] || g.looks[b] {
			continue
		}
		g.looks[a], g.looks[b] = true, true
		g.set.Different = append(g.set.Different, Pair{a, b, by})
		if by == SharedName {
			g.shareName(other, *one)
			return
		}
		if one.number == "" {
			one.number = g.numberFor(*one)
			one.Phone = g.written(one.number)
		}
		other.number, other.Phone = one.number, g.written(one.number)
		return
	}
}

// shareName gives a person the name of another, and an address or a number of their own.
func (g *generator) shareName(p *person, of person) {
	p.language, p.given, p.family, p.Name = of.language, of.given, of.family, of.Name
	p.Email = g.addressFor(*p, 90)
	if p.Phone == "" && p.Email == "" {
		p.number = g.numberFor(*p)
		p.Phone = g.written(p.number)
	}
}
