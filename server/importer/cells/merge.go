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

// withClock joins a date with the time of day of another column.
func (row *rowFields) withClock(list []placedCell) []placedCell {
	clock, list := row.takeFirst(list, forClock)
	switch {
	case clock == nil:
	case len(list) == 0 || strings.Contains(Text(list[0].json), ":"):
		row.leave(*clock)
	default:
		list[0].json = norm.QuoteJSON(Text(list[0].json) + " " + Text(clock.json))
	}
	return list
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
// which the row has a part. Several columns for one part of it, like lines of a street, are
// joined if they are in one row of the table; otherwise the first one that is set wins.
func (row *rowFields) mergeAddress(f *crm.Field, list []placedCell) {
	first := slices.MinFunc(list, func(a, b placedCell) int { return a.place - b.place }).place
	slices.SortStableFunc(list, func(a, b placedCell) int { return a.use.last(forField) - b.use.last(forField) })
	var parts []crm.Member
	lines := map[string]int{} // of the table, by key
	for _, p := range list {
		text := Text(p.json)
		if object := readObject(text); p.use == forField && object != nil {
			parts = append(object, parts...)
			continue
		}
		if p.use == forField { // an address in one cell
			p.key, p.line = fieldtype.AddressParts[0], -1
		}
		at := slices.IndexFunc(parts, func(m crm.Member) bool { return m.Name == p.key })
		switch {
		case p.place != first || at >= 0 && lines[p.key] != p.line:
			row.leave(p)
		case at >= 0:
			parts[at].JSON = norm.QuoteJSON(Text(parts[at].JSON) + ", " + text)
		default:
			lines[p.key] = p.line
			parts = append(parts, crm.Member{Name: p.key, JSON: norm.QuoteJSON(text)})
		}
	}
	row.set(f, string(norm.AppendObject(nil, parts)))
}

// mergeKeys gives each key of custom the first cell for it.
func (row *rowFields) mergeKeys(list []placedCell) *crm.Error {
	for _, p := range list {
		if p.use != forMember { // an object of its own
			cell, fault := p.field.Type.DecodeCell(p.field, crm.Cell{JSON: p.json})
			if fault != nil {
				return fault
			}
			row.set(p.field, cell.JSON)
		} else if !row.setKey(p.key, p.json) {
			row.leave(p)
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
// that has no custom object. A key in the row's own object wins over a column of the same name.
func (row *rowFields) withRest() []crm.Member {
	c := row.columns
	switch {
	case c.custom != nil:
		return withCustom(c.custom, row.Members, row.allKeys())
	case c.text != nil && len(row.rest) > 0:
		return row.withLines(c.text)
	}
	return row.Members
}

// allKeys returns the keys of custom with the cells that no field takes. If a column has the name
// of a key that another column is for, its name is numbered.
func (row *rowFields) allKeys() []crm.Member {
	keys := row.keys
	for _, m := range row.rest {
		if slices.ContainsFunc(keys, func(k crm.Member) bool { return k.Name == m.Name && k.JSON == m.JSON }) {
			continue
		}
		for slices.ContainsFunc(keys, func(k crm.Member) bool { return k.Name == m.Name }) {
			m.Name += " 2"
		}
		keys = append(keys, m)
	}
	return keys
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

// withCustom adds members to the object field f of a row.
func withCustom(f *crm.Field, members, custom []crm.Member) []crm.Member {
	if len(custom) == 0 {
		return members
	}
	at := slices.IndexFunc(members, func(m crm.Member) bool { return m.Name == f.Name })
	if at >= 0 {
		own := norm.ParseObject(members[at].JSON)
		taken := map[string]bool{}
		for _, m := range own {
			taken[m.Name] = true
		}
		custom = slices.DeleteFunc(custom, func(c crm.Member) bool { return taken[c.Name] })
		custom = append(custom, own...)
		members = slices.Delete(members, at, at+1)
	}
	return append(members, crm.Member{Name: f.Name, JSON: string(norm.AppendObject(nil, custom))})
}
