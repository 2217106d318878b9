package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// Lookup is how a row identifies the record of a reference: by its id in the source, its
// unique value and its name, which are tried in this order.
type Lookup struct {
	Field  *crm.Field
	ID     string // in the source
	Unique string
	Name   string
}

// addLookup adds a cell about a reference to the row's lookups. It reports whether all of the cell
// is in them: if several cells have the same part of it, like two names, the first one wins.
func (row *rowFields) addLookup(p placedCell) bool {
	at := slices.IndexFunc(row.Lookups, func(ref Lookup) bool { return ref.Field == p.field })
	if at < 0 {
		at = len(row.Lookups)
		row.Lookups = append(row.Lookups, Lookup{Field: p.field})
	}
	ref, to := &row.Lookups[at], row.columns.entity.Target(p.field)
	text := Text(p.json)
	for _, m := range readObject(text) { // as JSON exports have it: {"name":…}
		if m.Name == to.LabelField {
			text = Text(m.JSON)
		}
	}
	switch {
	case p.refField == nil:
		first := fieldtype.FirstOfCell(text)
		return setFirst(&ref.ID, row.columns.formOf(crm.CutHandle(first))) && first == text
	case p.refField.Name == to.Keys.Unique && p.refField.Type != fieldtype.Email:
		first := fieldtype.FirstOfCell(text)
		return setFirst(&ref.Unique, first) && first == text
	case p.refField.Name == to.Keys.Unique:
		return ref.addMailbox(text)
	}
	name, address := cutAddress(text, to)
	set := setFirst(&ref.Name, name)
	if address != "" {
		set = setFirst(&ref.Unique, address) && set
	}
	return set && !strings.Contains(text, ");")
}

// addMailbox adds the first of the addresses in a cell, with the name beside it. It reports
// whether that is all of the cell.
func (ref *Lookup) addMailbox(text string) bool {
	list := norm.SplitMailboxes(strings.ReplaceAll(text, ":::", ";"))
	if len(list) == 0 {
		list = []string{text}
	}
	box := norm.ReadMailbox(list[0])
	all := setFirst(&ref.Unique, box.Address) && len(list) == 1
	if box.Name == "" {
		return all
	}
	return setFirst(&ref.Name, box.Name) && all
}

// setFirst sets a text that is not set yet. It reports whether the text has the value.
func setFirst(s *string, value string) bool {
	if *s == "" {
		*s = value
	}
	return *s == value
}

// cutAddress splits "Jane Doe (jane@acme.com)", the form in which HubSpot names contacts; of
// several, with a semicolon between them, it takes the first. It also splits the form of mails,
// Jane Doe <jane@acme.com>. Any other text is a name.
func cutAddress(text string, to *crm.Entity) (name, address string) {
	f := to.Field(to.Keys.Unique)
	if first, _, several := strings.Cut(text, ");"); several {
		text = first + ")"
	}
	if f == nil || f.Type != fieldtype.Email {
		return text, ""
	}
	if strings.HasSuffix(text, ">") {
		list := norm.SplitMailboxes(text)
		if box := norm.ReadMailbox(list[0]); len(list) == 1 && box.Name != "" {
			return box.Name, box.Address
		}
	}
	before, rest, found := strings.Cut(text, " (")
	inside, end := strings.CutSuffix(rest, ")")
	if !found || !end || !strings.Contains(inside, "@") {
		return text, ""
	}
	return before, inside
}
