package norm

import (
	"regexp"
	"slices"
	"strings"
)

// Digits returns the ASCII digits of a text without everything else.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Phone returns the stored form of a phone number, which keeps all that its text says without
// knowing the country: its digits, and before them a plus sign if the text has one. In a number with
// a calling code the trunk prefix of that country is left out: +49 (0)170 and +49 0170 are
// +49170; Italy keeps its zero. An extension is not part of the number (see cutExtension).
//
// Which stored forms are the same number depends on the country of the workspace, and PhoneForms
// has them. So a workspace may get another country without a change of its records.
func Phone(s string) string {
	text := cutExtension(Fold(s))
	first := strings.IndexAny(text, "0123456789")
	if first < 0 {
		return ""
	}
	plus := strings.LastIndexByte(text[:first], '+')
	hasPlus := plus >= 0 && strings.Trim(text[plus:first], "+-()./ ") == ""
	digits := Digits(cutBracketedZero(text))
	world, isWorld := cutWorldPrefix(digits)
	switch {
	case hasPlus && isWorld, hasPlus && digits[0] != '0':
		return "+" + withoutTrunk(world)
	case isWorld && world[0] != '1': // after 00 a 1 can be the end of another prefix, the 0011 of Australia
		return "00" + withoutTrunk(world)
	}
	return digits
}

// cutWorldPrefix returns digits without the 00 that many write for the plus sign, and whether they
// have it.
func cutWorldPrefix(digits string) (string, bool) {
	rest, found := strings.CutPrefix(digits, "00")
	if !found || rest == "" || rest[0] == '0' {
		return digits, false
	}
	return rest, true
}

// withoutTrunk returns an international number, without the plus sign, without the trunk prefix of
// its country.
func withoutTrunk(digits string) string {
	p, rest := cutCallingCode(digits)
	if p == nil {
		return digits
	}
	return p.code + p.cutTrunk(rest)
}

// innerBlanks removes the blanks inside brackets.
var innerBlanks = strings.NewReplacer("( ", "(", " )", ")")

// cutBracketedZero leaves out the (0) after a calling code, with or without a plus sign, except for
// countries where it is dialled.
func cutBracketedZero(text string) string {
	before, after, found := strings.Cut(innerBlanks.Replace(text), "(0)")
	if !found {
		return text
	}
	code := strings.TrimLeft(Digits(before), "0")
	if p, rest := cutCallingCode(code); code == "" || p == nil || p.zero && rest == "" || len(rest) > len("1149") { // 011 and a code
		return text
	}
	return before + after
}

// extension is an extension at the end of a folded number, in the words of several languages, and
// as tel: URIs have it (RFC 3966 section 3).
var extension = regexp.MustCompile(`^(.*\d[ )./,-]*)(?:;ext=|\b(?:extension|extn?|ex|durchwahl|dw|apparat|app|klappe|kl|poste|interno|int|anexo|ramal|toestel|tst|wewn?)\b[ .:]*|x ?|# ?|(?:доб|вн)\.? ?|(?:内線|內線|分机|分機|내선):? ?)\(?\d{1,7}\)?$`)

// cutExtension returns a folded number without its extension: 030 1234567 ext. 12 is the number
// 030 1234567. A person keeps the extension of a colleague apart from the number of the company;
// as digits of one number, neither would be found. A text with less than a whole number before
// the extension stays as it is, and so do the digits after a hyphen, which are dialled.
func cutExtension(text string) string {
	if rest, _, found := strings.Cut(text, ";"); found && strings.HasPrefix(text, "tel:") {
		text = rest
	}
	if strings.Trim(text, "+0123456789-()./ ") == "" {
		return text
	}
	if m := extension.FindStringSubmatch(text); m != nil && len(Digits(m[1])) >= minPhone {
		return m[1]
	}
	return text
}

// minPhone is the minimum number of digits of a whole phone number.
const minPhone = 5

// IsPhone reports whether a text is written like a whole phone number.
func IsPhone(s string) bool {
	text := cutExtension(strings.TrimPrefix(Fold(s), "tel:"))
	return len(Digits(text)) >= minPhone && strings.Trim(text, "0123456789+-()./ ") == ""
}

// allDigits reports whether a text has at least one digit and nothing else.
func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// PhoneNumber returns the international number, without the plus sign, of a text as a person in the
// country reads it; its digits if it is no whole number there. Two texts are the same number if
// it is the same.
func PhoneNumber(country, text string) string {
	form := Phone(text)
	if form == "" {
		return ""
	}
	return loadPlans().byCountry[country].world(form)
}

// PhoneForms returns the stored forms that are the same number as a text, as a person in the
// country (ISO 3166-1) reads it: in Germany 0170 1234567, +49 170 1234567 and 0049 170 1234567 are
// one. Without a country no number is a national one, so only the last two are.
//
// Digits with neither plus sign nor trunk prefix can be an international number or a national one.
// As a text they are compared both ways, since a plus sign in a URL is easily lost. As a stored
// form they are what they are in the country.
func PhoneForms(country, text string) []string {
	p := loadPlans().byCountry[country]
	form := Phone(text)
	if form == "" {
		return nil
	}
	forms := append([]string{form}, p.formsOf(p.world(form))...)
	if allDigits(form) {
		forms = append(forms, p.formsOf(form)...)
	}
	slices.Sort(forms[1:])
	first := forms[0]
	return append(forms[:1], slices.DeleteFunc(slices.Compact(forms[1:]), func(f string) bool { return f == first })...)
}

// minLocal is the number of digits from which a number with a calling code and a trunk prefix, but
// without a plus sign, is not a local number that happens to begin with these digits.
const minLocal = 7

// world returns the international number, without the plus sign, of a stored form. The form itself
// is returned if it is no whole number in the country. The plan is nil without a country.
func (p *phonePlan) world(form string) string {
	if form[0] == '+' {
		return form[1:]
	}
	if p != nil && p.idd != "00" {
		if rest, found := strings.CutPrefix(form, p.idd); found && len(rest) > minLocal && !p.fits(form) {
			if of, _ := cutCallingCode(rest); of != nil {
				return withoutTrunk(rest)
			}
		}
	}
	if rest, is := cutWorldPrefix(form); is {
		return rest
	}
	if p == nil {
		return form
	}
	rest, hasCode := strings.CutPrefix(form, p.code)
	short := p.cutTrunk(form)
	switch local := p.cutTrunk(rest); {
	case p.zero && form[0] == '0', form[0] != '0' && p.fits(form):
		return p.code + form
	case short != form && len(short) >= minPhone-1:
		return p.code + short
	case hasCode && local != rest && len(local) >= minLocal:
		return p.code + local
	}
	return form
}

// formsOf returns the stored forms of an international number: those that world turns into it.
func (p *phonePlan) formsOf(number string) []string {
	forms := []string{"+" + number, "00" + number, number}
	if p != nil {
		forms = append(forms, p.idd+number)
		if short, own := strings.CutPrefix(number, p.code); own {
			forms = append(forms, short)
			for _, trunk := range p.trunks {
				forms = append(forms, trunk+short, p.code+trunk+short)
			}
		}
	}
	return slices.DeleteFunc(forms, func(form string) bool { return form == "" || Phone(form) != form || p.world(form) != number })
}

// minShort is the least digits of a part of a number, without its calling code, that is searched.
const minShort = 3

// PhoneParts returns the texts of which a stored form that has a part of a number contains one, for
// searches and like:. In Germany +49 170 is also 0170, and 0170 also 49170. None contains another.
func PhoneParts(country, text string) (parts []string) {
	p := loadPlans().byCountry[country]
	form := Phone(text)
	if form == "" {
		return nil
	}
	digits := strings.TrimPrefix(form, "+")
	parts = []string{digits}
	if len(digits) >= minLocal {
		for _, other := range PhoneForms(country, text) {
			parts = append(parts, strings.TrimPrefix(other, "+"))
		}
	}
	world, isWorld := cutWorldPrefix(digits)
	if isWorld {
		parts = append(parts, world)
	}
	if p != nil && (isWorld || digits != form) {
		parts = append(parts, p.nationalParts(world)...)
	} else if p != nil {
		for _, trunk := range p.trunks {
			if short, found := strings.CutPrefix(digits, trunk); found && trunk != "1" && len(short) >= minShort-1 {
				parts = append(parts, p.code+short)
			}
		}
	}
	return withoutLonger(parts)
}

// nationalParts returns the national forms of the beginning of an international number.
func (p *phonePlan) nationalParts(world string) (parts []string) {
	short, own := strings.CutPrefix(world, p.code)
	switch {
	case !own || len(short) < minShort:
		return nil
	case p.max > 0 || p.zero:
		return []string{short}
	}
	for _, trunk := range p.trunks {
		parts = append(parts, trunk+short)
	}
	return parts
}

// withoutLonger removes the texts that contain another one of the list.
func withoutLonger(list []string) (kept []string) {
	for i, text := range list {
		longer := slices.ContainsFunc(list, func(other string) bool { return other != text && strings.Contains(text, other) })
		if !longer && !slices.Contains(list[:i], text) {
			kept = append(kept, text)
		}
	}
	return kept
}
