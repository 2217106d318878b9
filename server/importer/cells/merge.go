package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// Several columns may be for one field. What is made of their cells depends on the field; a cell
// that has no place in it is kept in custom, so that nothing of a file is lost.

// takeFirst takes the cells of a use out of a list. It returns the first of them, and the others
// are kept like cells without a field.
func (row *rowFields) takeFirst(list []placedCell, of use) (first *placedCell, rest []placedCell) {
	for _, p := range list {
		switch {
		case p.use != of:
			rest = append(rest, p)
		case first == nil:
			first = &p
		default:
			row.leave(p)
		}
	}
	return first, rest
}

// withClock joins a date with the time of day of another column. That column may have the date too.
func (row *rowFields) withClock(list []placedCell) []placedCell {
	clock, list := row.takeFirst(list, forClock)
	switch {
	case clock == nil:
	case len(list) == 0 && hasDate(Text(clock.json)):
		list = append(list, *clock)
	case len(list) == 0 || strings.Contains(Text(list[0].json), ":"):
		row.leave(*clock)
	default:
		list[0].json = norm.QuoteJSON(Text(list[0].json) + " " + Text(clock.json))
	}
	return list
}

// hasDate reports whether a text is a date, or begins with one.
func hasDate(text string) bool {
	_, ok := norm.ReadDate(text)
	return ok
}

// mergeName makes a name of its parts, unless a preferred column has the whole name. The parts
// are kept only if they have a word that the whole name has not.
func (row *rowFields) mergeName(f *crm.Field, list []placedCell) {
	parts, values := norm.NameParts{}, map[string]*string{}
	for i, part := range []*string{&parts.Prefix, &parts.Given, &parts.Middle, &parts.Family, &parts.Suffix} {
		values[nameParts[i]] = part
	}
	var whole, inParts []placedCell
	for _, p := range list {
		if p.use != forName {
			whole = append(whole, p)
			continue
		}
		inParts = append(inParts, p)
		switch part := values[p.key]; {
		case part == &parts.Prefix: // a form of address and a degree may have a column each
			*part = strings.TrimSpace(*part + " " + norm.WithoutForms(Text(p.json)))
		case *part == "":
			*part = Text(p.json)
		}
	}
	if len(whole) > 0 && row.isFamily(whole[0], parts) {
		parts.Family, list, whole = Text(whole[0].json), inParts, whole[1:]
	}
	name, joined := "", norm.FullName(parts)
	if parts.Given+parts.Middle+parts.Family == "" {
		joined = "" // a form of address alone names nobody
	}
	if len(whole) > 0 && (joined == "" || list[0].use != forName) {
		name, whole = Text(whole[0].json), whole[1:]
	} else {
		name = joined
	}
	for _, p := range append(inParts, whole...) {
		if !hasWords(name, Text(p.json)) {
			row.leave(p)
		}
	}
	if name != "" {
		row.set(f, norm.QuoteJSON(name))
	}
}

// isFamily reports whether a cell in a column Name has only the family name: beside a given name
// that it does not repeat, in a file that has no column for family names.
func (row *rowFields) isFamily(p placedCell, parts norm.NameParts) bool {
	if products.Fold(p.name) != p.field.Name || parts.Given == "" || hasWords(Text(p.json), parts.Given) || row.OwnIDs {
		return false
	}
	return !slices.ContainsFunc(row.columns.names, func(name string) bool {
		t := row.columns.known[name]
		return t.use == forName && t.key == "family"
	})
}

// hasWords reports whether a name has all words of a text.
func hasWords(name, text string) bool {
	words := norm.NameWords(name)
	return !slices.ContainsFunc(norm.NameWords(text), func(word string) bool { return !slices.Contains(words, word) }) ||
		strings.Contains(norm.Fold(name), norm.Fold(text))
}

// mergeAddress makes an address of its parts. Only one of several addresses fits: the first of
// which the row has a part. An object with the parts wins over columns for them. Several columns
// for one part of it, like lines of a street, are joined if they are in one row of the table;
// otherwise the first one that is set wins.
func (row *rowFields) mergeAddress(f *crm.Field, list []placedCell) {
	first := slices.MinFunc(list, func(a, b placedCell) int { return a.place - b.place }).place
	var whole, parts, texts []placedCell
	for _, p := range list {
		switch {
		case p.use != forField:
			parts = append(parts, p)
		case readObject(Text(p.json)) != nil:
			whole = append(whole, p)
		default: // an address in one cell
			p.key, p.line = fieldtype.AddressParts[0], -1
			texts = append(texts, p)
		}
	}
	members := row.joinObjects(whole)
	lines := map[string]int{} // of the table, by key
	for _, p := range append(parts, texts...) {
		text := Text(p.json)
		at := indexOf(members, p.key)
		line, joins := lines[p.key]
		switch {
		case at >= 0 && Text(members[at].JSON) == text:
		case p.place != first || at >= 0 && (!joins || line != p.line):
			row.leave(p)
		case at >= 0:
			members[at].JSON = norm.QuoteJSON(Text(members[at].JSON) + ", " + text)
		default:
			lines[p.key] = p.line
			members = append(members, crm.Member{Name: p.key, JSON: norm.QuoteJSON(text)})
		}
	}
	row.set(f, string(norm.AppendObject(nil, members)))
}

// joinObjects returns the members of all objects. The first one of a key wins; those of the other
// objects are kept.
func (row *rowFields) joinObjects(objects []placedCell) (members []crm.Member) {
	for _, p := range objects {
		var lost []crm.Member
		for _, m := range row.withoutNulls(readObject(Text(p.json))) {
			at := indexOf(members, m.Name)
			switch {
			case at < 0:
				members = append(members, m)
			case members[at].JSON != m.JSON:
				lost = append(lost, m)
			}
		}
		if len(lost) > 0 {
			row.keepToo(placedCell{p.mapping, p.name, string(norm.AppendObject(nil, lost))})
		}
	}
	return members
}

// indexOf returns the place of the member with a name, -1 if there is none.
func indexOf(members []crm.Member, name string) int {
	return slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == name })
}

// mergeKeys gives each key of custom the first cell for it.
func (row *rowFields) mergeKeys(list []placedCell) *crm.Error {
	for _, p := range list {
		if p.use != forMember { // an object of its own
			cell, fault := p.field.Type.DecodeCell(p.field, crm.Cell{JSON: p.json})
			if fault != nil {
				return fault
			}
			if members := readObject(cell.JSON); row.KeepNulls && members != nil {
				cell.JSON = string(norm.AppendObject(nil, row.withoutNulls(members)))
			}
			row.set(p.field, cell.JSON)
		} else if fault := row.mergeKey(p, list); fault != nil {
			return fault
		}
	}
	return nil
}

// setKey sets a key of custom, unless it is set.
func (row *rowFields) setKey(key, json string) bool {
	if slices.ContainsFunc(row.keys, func(m crm.Member) bool { return m.Name == key }) {
		return false
	}
	row.keys = append(row.keys, crm.Member{Name: key, JSON: json})
	return true
}

// mergeText joins the cells for a long text as paragraphs, and after them the cells of columns
// without a field as lines.
func (row *rowFields) mergeText(f *crm.Field, list []placedCell) {
	var paragraphs []string
	for _, p := range list {
		text := Text(p.json)
		switch {
		case p.use == forText:
			row.leave(p)
		case !slices.Contains(paragraphs, text):
			paragraphs = append(paragraphs, text)
		}
	}
	if len(paragraphs) > 0 {
		row.set(f, norm.QuoteJSON(strings.Join(paragraphs, "\n\n")))
	}
}

// withRest adds the cells that no field takes: to custom, or as lines to the text of an entity
// that has no custom object.
func (row *rowFields) withRest() []crm.Member {
	c := row.columns
	switch {
	case c.custom != nil:
		return row.withCustom(c.custom)
	case c.text != nil && len(row.rest) > 0:
		return row.withLines(c.text)
	}
	return row.Members
}

// withCustom adds the keys of custom to the row's own object. If a column has the name of a key
// that the object has, or that another column is for, its name is numbered.
func (row *rowFields) withCustom(f *crm.Field) []crm.Member {
	members, more := row.Members, append(row.keys, row.rest...)
	var all []crm.Member
	if at := indexOf(members, f.Name); at >= 0 && len(more) > 0 {
		if all = readObject(members[at].JSON); all == nil {
			return members // it is no object, so the row is refused
		}
		members = slices.Delete(members, at, at+1)
	}
	for _, m := range more {
		if slices.Contains(all, m) {
			continue
		}
		for indexOf(all, m.Name) >= 0 {
			m.Name += " 2"
		}
		all = append(all, m)
	}
	if len(all) == 0 {
		return members
	}
	return append(members, crm.Member{Name: f.Name, JSON: string(norm.AppendObject(nil, all))})
}

// withLines appends the cells that no field takes to a text, as lines like "Duration: 00:30".
func (row *rowFields) withLines(f *crm.Field) []crm.Member {
	var lines []string
	for _, m := range row.rest {
		lines = append(lines, m.Name+": "+Text(m.JSON))
	}
	text := strings.Join(lines, "\n")
	at := slices.IndexFunc(row.Members, func(m crm.Member) bool { return m.Name == f.Name })
	if at < 0 {
		return append(row.Members, crm.Member{Name: f.Name, JSON: norm.QuoteJSON(text)})
	}
	row.Members[at].JSON = norm.QuoteJSON(Text(row.Members[at].JSON) + "\n\n" + text)
	return row.Members
}
