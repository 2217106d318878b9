package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// Lookup is how a row identifies the record of a reference: by its id in the source, its
// unique value and its name, which are tried in this order.
type Lookup struct {
	Field *crm.Field
	ID    string // in the source
	Named
	Several []Named // what the cell with the name has between semicolons; nil: it has none
	IsList  bool    // the product lists several records in the column of that cell
	Column  string  // its name
}

// Named is what a cell says of one record.
type Named struct {
	Text   string // the cell, or the part of it between two semicolons
	Unique string
	Name   string
	Host   string // the name is also that of a host: it may be the domain of a company
	IsSite bool   // and is written as one, so a new company gets it as its domain
}

// addLookup adds a cell about a reference to the row's lookups. It reports whether all of the cell
// is in them: if several cells have the same part of it, like two names, the first one wins.
func (row *rowFields) addLookup(p placedCell) bool {
	items, isJSON := jsonItems(Text(p.json))
	if !isJSON || row.isOwnName(p) {
		return row.addText(p)
	}
	all := len(items) <= 1
	for _, item := range items[:min(len(items), 1)] {
		if !isObjectOrList(item) {
			p.json = item
			all = row.addText(p) && all
			continue
		}
		for _, m := range readObject(item) {
			all = row.addMember(p, m) && all
		}
	}
	return all
}

// isOwnName reports whether a cell with a list is the name of a record of crmkit, which exports a
// reference as one record.
func (row *rowFields) isOwnName(p placedCell) bool {
	return row.OwnIDs && readObject(Text(p.json)) == nil
}

// addMember adds a member of an object that is a reference, as JSON exports have it:
// {"id":5,"name":"Acme"}. It reports whether it says what record is meant.
func (row *rowFields) addMember(p placedCell, m crm.Member) bool {
	to := row.columns.entity.Target(p.field)
	f := to.Field(m.Name)
	switch p.json = m.JSON; {
	case m.JSON == "null" || m.JSON == `""`:
		return true
	case f == nil || isObjectOrList(m.JSON):
		return false
	case f.IsIdentity():
		p.refField = nil
		return row.addText(p)
	case m.Name == to.LabelField || m.Name == to.Keys.Unique && (f.Type != fieldtype.Domain || identifiesCompany(Text(m.JSON))):
		p.refField = f
		return row.addText(p)
	}
	return false
}

// addText adds a text about a reference to the row's lookups.
func (row *rowFields) addText(p placedCell) bool {
	at := slices.IndexFunc(row.Lookups, func(ref Lookup) bool { return ref.Field == p.field })
	if at < 0 {
		at = len(row.Lookups)
		row.Lookups = append(row.Lookups, Lookup{Field: p.field})
	}
	ref, to := &row.Lookups[at], row.columns.entity.Target(p.field)
	text := strings.TrimSpace(Text(p.json))
	switch {
	case p.refField == nil:
		first := fieldtype.FirstOfCell(text)
		if !row.OwnIDs {
			setFirst(&ref.Unique, readNamed(first, to).Unique) // a column of ids may have addresses
		}
		return setFirst(&ref.ID, row.columns.formOf(crm.CutHandle(first))) && first == text
	case p.refField.Name == to.Keys.Unique && p.refField.Type != fieldtype.Email:
		first := fieldtype.FirstOfCell(text)
		return setFirst(&ref.Unique, first) && first == text
	case p.refField.Name == to.Keys.Unique:
		return ref.addMailbox(text)
	}
	if row.OwnIDs {
		return setFirst(&ref.Name, text)
	}
	return row.addNamed(ref, text, p)
}

// addMailbox adds the first of the addresses in a cell, with the name beside it. It reports
// whether that is all of the cell.
func (ref *Lookup) addMailbox(text string) bool {
	list := norm.SplitMailboxes(strings.ReplaceAll(text, ":::", ";"))
	if len(list) == 0 {
		list = []string{text}
	}
	box := norm.ReadMailbox(list[0])
	all := setAddress(&ref.Unique, box.Address) && len(list) == 1
	if box.Name == "" {
		return all
	}
	return setFirst(&ref.Name, box.Name) && all
}

// addNamed adds a cell of a column of names. What is between its semicolons is kept apart, since
// only the store knows whether it is one name with semicolons or several names.
func (row *rowFields) addNamed(ref *Lookup, text string, p placedCell) bool {
	var parts []Named
	for part := range strings.SplitSeq(strings.ReplaceAll(text, ":::", ";"), ";") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, readNamed(part, row.columns.entity.Target(p.field)))
		}
	}
	switch {
	case len(parts) == 0:
		return false
	case len(parts) == 1:
		return ref.addOne(parts[0], p.name)
	case ref.Name != "":
		return ref.Name == text
	}
	ref.Name, ref.Several, ref.Column, ref.IsList = text, parts, p.name, row.columns.hasLists(p.name)
	return true
}

// addOne adds what a cell says of one record.
func (ref *Lookup) addOne(is Named, column string) bool {
	if is.Name != "" && ref.Name == "" {
		ref.Name, ref.Host, ref.IsSite, ref.Column = is.Name, is.Host, is.IsSite, column
	}
	return (is.Unique == "" || setAddress(&ref.Unique, is.Unique)) && (is.Name == "" || is.Name == ref.Name)
}

// hasLists reports whether the product lists several records in a cell of a column.
func (c *Columns) hasLists(column string) bool {
	return c.Product != nil && slices.ContainsFunc(c.Product.Lists, func(name string) bool { return products.Fold(name) == products.Fold(column) })
}

// setFirst sets a text that is not set yet. It reports whether the text has the value.
func setFirst(s *string, value string) bool {
	if *s == "" {
		*s = value
	}
	return *s == value
}

// setAddress does the same with an address, whose letters may be capital ones.
func setAddress(s *string, address string) bool {
	return setFirst(s, address) || strings.EqualFold(*s, address)
}

// readNamed reads what a column of names has of one record. A person may be written as in a mail,
// Jane Doe <jane@acme.com>, as in HubSpot, Jane Doe (jane@acme.com), or by the address alone; a
// company by its web site. Any other text is a name.
func readNamed(text string, to *crm.Entity) Named {
	f, is := to.Field(to.Keys.Unique), Named{Name: text}
	switch {
	case f != nil && f.Type == fieldtype.Email:
		is = readPerson(text)
	case f != nil && f.Type == fieldtype.Domain:
		is = readCompany(text)
	}
	is.Text = text
	return is
}

// readPerson reads a name, an address, or both.
func readPerson(text string) Named {
	box := norm.ReadMailbox(text)
	if inside, found := strings.CutSuffix(text, ")"); found {
		if at := strings.LastIndexByte(inside, '('); at >= 0 && strings.Contains(inside[at:], "@") {
			box = norm.Mailbox{Name: strings.TrimSpace(inside[:at]), Address: strings.TrimSpace(inside[at+1:])}
		}
	}
	if _, ok := norm.Email(box.Address); !ok {
		return Named{Name: text}
	}
	return Named{Name: box.Name, Unique: box.Address}
}

// readCompany reads a name or a web site. Names like E.ON look like the name of a host, so a text
// is a site only if it is written as people write sites: with a scheme, with www, or in small letters.
func readCompany(text string) Named {
	host, ok := norm.Host(text)
	switch {
	case !ok || !identifiesCompany(text):
		return Named{Name: text}
	case isSite(text) || !isBareHost(text, host):
		return Named{Unique: host}
	}
	return Named{Name: text, Host: host, IsSite: text == strings.ToLower(text)}
}

// isSite reports whether a text is written as the address of a web page.
func isSite(text string) bool {
	lower := strings.ToLower(text)
	return strings.HasPrefix(lower, "www.") || strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}
