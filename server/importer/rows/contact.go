package rows

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// contact makes a row of the properties of a card. Its cells have the names of our own fields;
// what has no field is a key of custom, so that nothing is lost.
type contact struct {
	properties  []property // the preferred ones first
	labels      map[string]string
	parts       []string // of the name
	texts       map[string]string
	emails      []string
	phones      []string
	tags        []string
	address     []crm.Member
	addressLine string // the same on one line
	custom      []crm.Member
	taken       map[string]bool // the keys of custom
	last        map[string]int  // the last number behind a key
	fault       *crm.Error
}

func newContact(c *card) *contact {
	b := &contact{properties: c.properties, labels: map[string]string{}, texts: map[string]string{}, taken: map[string]bool{}, last: map[string]int{}}
	slices.SortStableFunc(b.properties, func(a, b property) int { return a.rank() - b.rank() })
	for i := range b.properties {
		if p := &b.properties[i]; p.name == "X-ABLABEL" && p.group != "" {
			b.labels[p.group] = b.text(p)
		}
	}
	return b
}

// notPreferred is the rank of a property that is not marked as preferred; the least preferred has
// 100.
const notPreferred = 101

// rank returns the place of a property among others of its name: PREF=1 is the first, and so is
// the mark of the older versions.
func (p *property) rank() int {
	if n, err := strconv.Atoi(p.param("PREF")); err == nil && n > 0 && n < notPreferred {
		return n
	}
	if p.hasType("PREF") {
		return 1
	}
	return notPreferred
}

// cells returns the row.
func (b *contact) cells() ([]crm.Member, *crm.Error) {
	for i := range b.properties {
		b.add(&b.properties[i])
	}
	if b.fault != nil {
		return nil, b.fault
	}
	b.addName()
	var cells []crm.Member
	add := func(name, json string) { cells = append(cells, crm.Member{Name: name, JSON: json}) }
	for _, name := range []string{"id", "name"} {
		if b.texts[name] != "" {
			add(name, norm.QuoteJSON(b.texts[name]))
		}
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"email", b.emails}, {"phone", b.phones}} {
		if len(list.values) > 0 {
			add(list.name, norm.QuoteJSON(list.values[0]))
		}
		if len(list.values) > 1 {
			add("other_"+list.name+"s", norm.QuoteList(list.values[1:]))
		}
	}
	for _, name := range []string{"title", "company.name", "notes"} {
		if b.texts[name] != "" {
			add(name, norm.QuoteJSON(b.texts[name]))
		}
	}
	if len(b.address) > 0 {
		add("address", string(norm.AppendObject(nil, b.address)))
	}
	if len(b.tags) > 0 {
		add("tags", norm.QuoteList(b.tags))
	}
	if len(b.custom) > 0 {
		add("custom", string(norm.AppendObject(nil, b.custom)))
	}
	return cells, nil
}

// text returns the value of a property. Its fault becomes that of the card.
func (b *contact) text(p *property) string {
	text, fault := p.text()
	b.fail(fault)
	return text
}

// fields returns the parts of a value, at least n.
func (b *contact) fields(p *property, n int) []string {
	fields, fault := p.fields()
	b.fail(fault)
	for len(fields) < n {
		fields = append(fields, "")
	}
	return fields
}

// fail records the first fault.
func (b *contact) fail(fault *crm.Error) {
	if b.fault == nil {
		b.fault = fault
	}
}

// set sets a text field, or a key of custom if the field has a value already.
func (b *contact) set(field, value string) {
	switch {
	case value == "" || b.texts[field] == value:
	case b.texts[field] == "":
		b.texts[field] = value
	default:
		b.keep(field, value)
	}
}

// keep adds a key to custom. The second value of a key, or of a field, has a 2 behind it, and so
// on.
func (b *contact) keep(key, value string) {
	json := norm.QuoteJSON(value)
	for _, m := range b.custom {
		if m.JSON == json && (m.Name == key || strings.HasPrefix(m.Name, key+"_")) {
			return
		}
	}
	if value == "" || key == "" {
		return
	}
	isField := b.texts[key] != "" || key == "address" && b.address != nil
	n := max(b.last[key], 1)
	for isField && n == 1 || b.taken[numbered(key, n)] {
		n++
	}
	name := numbered(key, n)
	b.taken[name], b.last[key] = true, n
	b.custom = append(b.custom, crm.Member{Name: name, JSON: json})
}

// numbered returns the key of value n: the first has no number.
func numbered(key string, n int) string {
	if n == 1 {
		return key
	}
	return fmt.Sprintf("%s_%d", key, n)
}

// label returns the label that a person gave to a property, "" without one. Address books write
// their own labels as _$!<Home>!$_.
func (b *contact) label(p *property) (label string, own bool) {
	label = b.labels[p.group]
	if inner, is := strings.CutPrefix(label, "_$!<"); is {
		return strings.TrimSuffix(inner, ">!$_"), false
	}
	return label, label != ""
}

// addTo adds an e-mail address or a phone number to a list, once, and keeps the label that a person
// gave to it.
func (b *contact) addTo(list *[]string, value string, p *property) {
	if value == "" || slices.ContainsFunc(*list, func(other string) bool { return strings.EqualFold(other, value) }) {
		return
	}
	*list = append(*list, value)
	if label, own := b.label(p); own {
		b.keep(keyOf(label), value)
	}
}

// addName sets the name if the card has only its parts. Parts that are not in the name are kept.
func (b *contact) addName() {
	if b.parts == nil {
		return
	}
	n := b.parts
	b.set("name", cmp.Or(b.texts["name"], norm.FullName(norm.NameParts{Family: n[0], Given: n[1], Middle: n[2], Prefix: n[3], Suffix: n[4]})))
	for i, key := range []string{"family_name", "given_name", "middle_name", "name_prefix", "name_suffix"} {
		if !strings.Contains(b.texts["name"], n[i]) {
			b.keep(key, n[i])
		}
	}
}
