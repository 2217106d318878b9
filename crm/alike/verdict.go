package alike

import (
	"slices"
	"strings"
)

// Verdict says how sure it is that two records are of one person or company.
type Verdict string

// The verdicts.
const (
	Same   Verdict = "same"   // at least 99 of 100
	Likely Verdict = "likely" // at least 80 of 100
	None   Verdict = "none"
)

// Finding is a verdict about two records, with what speaks for it and against it.
type Finding struct {
	Verdict Verdict
	Why     []string
	Against []string
}

// shared is what two records have in common, and what differs.
type shared struct {
	name                     relation
	ids, mail, phone         bool
	company, domain, title   bool
	rare                     bool // at most rareName have the name
	only                     bool // no others have it
	long                     bool // it has three words or more
	empty                    bool // one record has nothing but a name
	bare                     bool // both have nothing but a name
	numbered                 bool // their addresses at one domain differ in a number at the end
	otherPhone, otherMail    bool
	otherCompany, otherTitle bool
}

// rareName is how many at most have a name that is rare.
const rareName = 3

// Compare compares two records of one kind. namesakes is how many have the name of one of them, where
// all records with nothing but the name are one; it is used only if the names are the same.
func Compare(a, b *Card, namesakes int) Finding {
	if a.Record.Entity.Name == "company" {
		return compareCompanies(a, b)
	}
	s := compare(a, b)
	s.rare, s.only = namesakes <= rareName, namesakes == 2
	f := Finding{Verdict: s.verdict()}
	if f.Verdict != None {
		f.Why, f.Against = s.why(), s.against()
	}
	return f
}

// compare returns what two people have in common.
func compare(a, b *Card) (s shared) {
	s.name = relate(a.name, b.name)
	s.ids = shares(a.ids, b.ids)
	s.mail = shares(a.addresses, b.addresses) || shares(a.mailboxes, b.mailboxes)
	s.phone = shares(a.phones, b.phones)
	s.company = a.company != 0 && a.company == b.company
	s.domain = shares(a.domains, b.domains) || shares(a.companyDomains, b.domains) || shares(a.domains, b.companyDomains)
	s.long = min(len(a.name.words), len(b.name.words)) > 2
	s.title = a.title != "" && a.title == b.title
	s.empty, s.bare = a.isEmpty() || b.isEmpty(), a.isEmpty() && b.isEmpty()
	s.otherPhone = len(a.phones) > 0 && len(b.phones) > 0 && !s.phone
	s.otherMail = len(a.addresses) > 0 && len(b.addresses) > 0 && !s.mail
	s.otherTitle = a.title != "" && b.title != "" && !s.title
	s.otherCompany = a.company != 0 && b.company != 0 && !s.company
	s.numbered = s.domain && !s.mail && areNumbered(a.addresses, b.addresses)
	return s
}

// areNumbered reports whether two addresses of one domain differ in the number at the end of the
// local part, as an administrator tells people with one name apart.
func areNumbered(a, b []string) bool {
	for _, one := range a {
		for _, other := range b {
			local, host, _ := strings.Cut(one, "@")
			otherLocal, otherHost, _ := strings.Cut(other, "@")
			base, otherBase := strings.TrimRight(local, "0123456789"), strings.TrimRight(otherLocal, "0123456789")
			if host == otherHost && local != otherLocal && base == otherBase && len(base) > 2 {
				return true
			}
		}
	}
	return false
}

// verdict applies the rules, the strongest first.
func (s shared) verdict() Verdict {
	switch {
	case s.ids:
		return Same
	case s.mail || s.phone:
		return s.byAddress()
	case s.numbered:
		return None
	case s.together() && s.name <= partial:
		return Likely
	case s.name != equal || s.otherTitle:
		return None
	case s.bare, s.empty && s.rare, s.otherCompany && s.only && !s.otherPhone && (s.title || s.long):
		return Likely
	}
	return None
}

// together reports whether both are of one company, or have addresses of one.
func (s shared) together() bool { return s.company || s.domain }

// byAddress is the verdict on records that share an address or a number.
func (s shared) byAddress() Verdict {
	switch s.name {
	case equal, oneEdit, twoEdits:
		return Same
	case shortened:
		if s.together() || s.mail {
			return Same
		}
		return Likely
	case nickname, partial, nameless, oneWord:
		return Likely
	}
	if s.mail {
		return Likely
	}
	return None
}

// said are the words for relations of names.
var said = map[relation]string{equal: "same name", oneEdit: "name one letter off", twoEdits: "name two letters off", shortened: "one name is a part of the other",
	nickname: "nickname", partial: "one name is a word of the other", nameless: "one has no name", oneWord: "a word of the name"}

// why returns what speaks for the verdict.
func (s shared) why() (list []string) {
	for _, reason := range []struct {
		holds bool
		text  string
	}{
		{s.ids, "same external id"}, {s.mail, "same e-mail"}, {s.phone, "same phone"}, {s.company, "same company"}, {s.domain && !s.company, "same domain"},
		{said[s.name] != "", said[s.name]}, {s.title, "same title"},
	} {
		if reason.holds {
			list = append(list, reason.text)
		}
	}
	return list
}

// against returns what speaks against it.
func (s shared) against() (list []string) {
	for _, reason := range []struct {
		holds bool
		text  string
	}{
		{s.name == different, "different names"}, {s.otherMail, "different e-mails"}, {s.otherPhone, "different phones"},
		{s.otherCompany, "different companies"}, {s.otherTitle, "different titles"},
	} {
		if reason.holds {
			list = append(list, reason.text)
		}
	}
	return list
}

// compareCompanies compares two companies by their names and the parts of their domains that they chose.
func compareCompanies(a, b *Card) (f Finding) {
	s := shared{name: relate(a.name, b.name), ids: shares(a.ids, b.ids), domain: shares(a.domains, b.domains)}
	sameLabel := shares(labels(a), labels(b))
	otherDomain := len(a.domains) > 0 && len(b.domains) > 0 && !s.domain
	samePlace := a.place != "/" && a.place == b.place
	switch {
	case s.ids, s.domain && s.name <= shortened, samePlace && s.name <= oneEdit && !otherDomain:
		f.Verdict = Same
	case s.domain, s.name == equal && (!otherDomain || sameLabel || samePlace), sameLabel && s.name <= partial:
		f.Verdict = Likely
	case (s.name == oneEdit || s.name == twoEdits) && !otherDomain:
		f.Verdict = Likely
	default:
		return Finding{Verdict: None}
	}
	f.Why, f.Against = s.why(), s.against()
	if sameLabel && !s.domain {
		f.Why = append(f.Why, "domains alike")
	}
	if samePlace {
		f.Why = append(f.Why, "same address")
	}
	if otherDomain {
		f.Against = append(f.Against, "different domains")
	}
	return f
}

// labels returns the parts of the domains of a company that it chose.
func labels(c *Card) (list []string) {
	for _, domain := range c.domains {
		list = append(list, label(domain))
	}
	return slices.Compact(list)
}
