package rows

import (
	"cmp"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// textProperties have a text. Of any other property a value in base64 is a picture or the like.
var textProperties = []string{"FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE", "NOTE", "ADR", "LABEL", "TEL", "EMAIL", "URL", "UID", "CATEGORIES"}

func isTextProperty(name string) bool { return contains(textProperties, name) }

// unkept properties are about the card, its program or its picture, or are used with another one.
var unkept = []string{"VERSION", "PRODID", "REV", "PROFILE", "SOURCE", "MAILER", "CLASS", "KIND", "CLIENTPIDMAP", "XML",
	"X-ABLABEL", "X-ABADR", "X-ABUID", "X-ABSHOWAS", "X-ADDRESSBOOKSERVER-KIND", "X-IMAGETYPE", "X-IMAGEHASH",
	"X-SHARED-PHOTO-DISPLAY-PREF", "X-MS-OL-DESIGN", "X-MS-OL-DEFAULT-POSTAL-ADDRESS"}

// customKeys are the keys of properties that are not called like them.
var customKeys = map[string]string{"BDAY": "birthday", "X-EVOLUTION-ANNIVERSARY": "anniversary", "X-EVOLUTION-SPOUSE": "spouse", "X-EVOLUTION-MANAGER": "manager",
	"X-EVOLUTION-ASSISTANT": "assistant", "X-KADDRESSBOOK-X-ANNIVERSARY": "anniversary", "X-SKYPE-USERNAME": "skype", "TZ": "time_zone", "LANG": "language"}

// contains reports whether a list has a word.
func contains(list []string, word string) bool {
	for _, other := range list {
		if other == word {
			return true
		}
	}
	return false
}

// add adds a property.
func (b *contact) add(p *property) {
	switch p.name {
	case "N":
		if b.parts == nil {
			b.parts = b.fields(p, 5)
		}
	case "FN":
		b.set("name", b.text(p))
	case "UID":
		b.set("id", cutPrefixFold(b.text(p), "urn:uuid:"))
	case "EMAIL":
		b.addEmail(p)
	case "TEL":
		b.addPhone(p)
	case "ORG":
		b.addCompany(p)
	case "TITLE":
		b.set("title", b.text(p))
	case "ADR":
		b.addAddress(p)
	case "NOTE":
		b.addNote(p)
	case "CATEGORIES":
		b.addTags(p)
	case "URL":
		b.addURL(p)
	case "X-SOCIALPROFILE", "IMPP":
		b.addProfile(p)
	case "X-ANDROID-CUSTOM":
		b.addAndroid(p)
	case "KIND", "X-ADDRESSBOOKSERVER-KIND":
		if strings.EqualFold(b.text(p), "group") {
			b.fail(crm.Errorf(crm.InvalidValue, "the card is a group of other cards, not a contact; to keep the group, give its members a tag."))
		}
	default:
		b.addOther(p)
	}
}

// addEmail adds an address. Google writes several into one property. What has no @ is of an old
// mail system.
func (b *contact) addEmail(p *property) {
	list, fault := p.list()
	b.fail(fault)
	for _, address := range list {
		address = cutPrefixFold(address, "mailto:")
		if strings.Contains(address, "@") {
			b.addTo(&b.emails, address, p)
		} else {
			b.keep("email", address)
		}
	}
}

// addPhone adds a number. A fax is not one to call.
func (b *contact) addPhone(p *property) {
	number := cutPrefixFold(b.text(p), "tel:")
	number, extension, _ := strings.Cut(number, ";ext=")
	if extension != "" {
		number += " ext. " + extension
	}
	for _, kind := range []string{"FAX", "PAGER"} {
		if p.hasType(kind) && !p.hasType("VOICE") {
			b.keep(strings.ToLower(kind), number)
			return
		}
	}
	b.addTo(&b.phones, number, p)
}

// addCompany adds an organization and its units.
func (b *contact) addCompany(p *property) {
	units := b.fields(p, 1)
	if units[0] == "" { // a unit of no organization
		b.keep("department", joined(units, ", "))
		return
	}
	if b.texts["company.name"] == "" {
		b.set("company.name", units[0])
	} else {
		b.keep("company", units[0])
	}
	b.keep("department", joined(units[1:], ", "))
}

// addressMembers are the members of an address in the order in which a card has them.
var addressMembers = []string{"street", "city", "region", "postal_code", "country"}

// addAddress adds an address: a post-office box, an extension, a street, and the other
// addressMembers. The first address is the field, the others are lines of text.
func (b *contact) addAddress(p *property) {
	parts := b.fields(p, 7)
	for i := range parts {
		parts[i] = joined(strings.Split(parts[i], "\n"), ", ")
	}
	parts[2] = joined([]string{parts[2], parts[1], parts[0]}, ", ")
	line := joined(parts[2:7], ", ")
	switch {
	case line == "" || line == b.addressLine:
	case b.address != nil:
		b.keep("address", line)
	default:
		b.addressLine = line
		for i, name := range addressMembers {
			if value := parts[i+2]; value != "" {
				b.address = append(b.address, crm.Member{Name: name, JSON: norm.QuoteJSON(value)})
			}
		}
	}
}

// addNote adds a note below those before.
func (b *contact) addNote(p *property) {
	b.texts["notes"] = joined([]string{b.texts["notes"], b.text(p)}, "\n\n")
}

// addTags adds categories. Google's group of all contacts says nothing about one of them.
func (b *contact) addTags(p *property) {
	tags, fault := p.list()
	b.fail(fault)
	for _, tag := range tags {
		if tag != "" && tag != "myContacts" && !contains(b.tags, tag) {
			b.tags = append(b.tags, tag)
		}
	}
}

// addURL adds a web site, or a profile at LinkedIn.
func (b *contact) addURL(p *property) {
	address := b.text(p)
	label, own := b.label(p)
	switch {
	case isLinkedIn(address):
		b.keep("linkedin", address)
	case own:
		b.keep(keyOf(label), address)
	default:
		b.keep("website", address)
	}
}

func isLinkedIn(address string) bool {
	return strings.Contains(strings.ToLower(address), "linkedin.com/")
}

// places are types that say where something is used. They name no network.
var places = []string{"pref", "home", "work", "other", "internet", "personal"}

// addProfile adds a name in a network, like skype:jane, or the address of a page there. The key is
// that of the network.
func (b *contact) addProfile(p *property) {
	value, network := b.text(p), p.param("X-SERVICE-TYPE")
	if p.name == "X-SOCIALPROFILE" && network == "" {
		network = p.typeExcept(places)
	}
	if scheme, rest, found := strings.Cut(value, ":"); found && !isWeb(value) {
		network, value = cmp.Or(network, scheme), rest
	}
	if user := p.param("X-USER"); user != "" && !isWeb(value) {
		value = user
	}
	if isLinkedIn(value) {
		network = "linkedin"
	}
	b.keep(cmp.Or(keyOf(network), "profile"), value)
}

// isWeb reports whether a text is the address of a web page.
func isWeb(text string) bool {
	return hasPrefixFold([]byte(text), "http://") || hasPrefixFold([]byte(text), "https://")
}

// androidKeys are the keys for what Android exports in a property of its own.
var androidKeys = map[string]string{"nickname": "nickname", "contact_event": "event", "relation": "related"}

// addAndroid adds a property like vnd.android.cursor.item/nickname;Jenny;1.
func (b *contact) addAndroid(p *property) {
	parts := b.fields(p, 3)
	_, kind, _ := strings.Cut(parts[0], "/")
	key := androidKeys[kind]
	switch {
	case kind == "contact_event" && parts[2] == "1":
		key = "anniversary"
	case kind == "contact_event" && parts[2] == "3":
		key = "birthday"
	case key == "":
		key = keyOf(kind)
	}
	b.keep(key, parts[1])
}

// addOther adds a property without a field of its own to custom. Its label says what it is, or its
// type, or its name.
func (b *contact) addOther(p *property) {
	if contains(unkept, p.name) || p.name == "LABEL" && b.hasProperty("ADR") {
		return
	}
	label, _ := b.label(p)
	key := customKeys[p.name]
	switch p.name {
	case "X-ABDATE", "X-ABRELATEDNAMES":
		key = keyOf(label)
	case "RELATED":
		key = keyOf(p.param("TYPE"))
	case "LABEL":
		key = "address"
	}
	value := b.text(p)
	if p.name == "SOUND" && p.hasType("X-IRMC-N") { // how phones in Japan write the reading of a name
		key, value = "phonetic_name", joined(b.fields(p, 1), " ")
	}
	if key == "" {
		key = keyOf(strings.TrimPrefix(p.name, "X-"))
	}
	if p.name == "BDAY" || p.name == "ANNIVERSARY" || p.name == "X-ABDATE" {
		value = day(value, p.param("X-APPLE-OMIT-YEAR"))
	}
	b.keep(key, value)
}

// hasProperty reports whether the card has a property of a name.
func (b *contact) hasProperty(name string) bool {
	for i := range b.properties {
		if b.properties[i].name == name {
			return true
		}
	}
	return false
}
