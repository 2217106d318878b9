package importer

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// refLookup is how a row identifies the record of a reference: by its id in the source, its
// unique value and its name, which are tried in this order.
type refLookup struct {
	field  *crm.Field
	id     string // in the source
	unique string
	name   string
}

// addLookup adds a cell about a reference to the row's lookups. If several cells have the same
// part of it, like two names, the first one wins.
func (e *entry) addLookup(p placedCell) {
	at := slices.IndexFunc(e.lookups, func(ref refLookup) bool { return ref.field == p.field })
	if at < 0 {
		at = len(e.lookups)
		e.lookups = append(e.lookups, refLookup{field: p.field})
	}
	ref, to := &e.lookups[at], e.entity.Target(p.field)
	text := cellText(p.json)
	if strings.HasPrefix(text, "{") { // as JSON exports have it: {"name":…}
		for _, m := range norm.ParseObject(text) {
			if m.Name == to.LabelField {
				text = cellText(m.JSON)
			}
		}
	}
	switch {
	case p.refField == nil:
		setFirst(&ref.id, crm.CutHandle(fieldtype.FirstOfCell(text)))
	case p.refField.Name == to.Keys.Unique:
		setFirst(&ref.unique, fieldtype.FirstOfCell(text))
	default:
		name, address := cutAddress(text, to)
		setFirst(&ref.name, name)
		setFirst(&ref.unique, address)
	}
}

// setFirst sets a text that is not set yet.
func setFirst(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// cutAddress splits "Jane Doe (jane@acme.com)", the form in which HubSpot names contacts. Any
// other text is a name.
func cutAddress(text string, to *crm.Entity) (name, address string) {
	f := to.Field(to.Keys.Unique)
	before, rest, found := strings.Cut(text, " (")
	inside, end := strings.CutSuffix(rest, ")")
	if f == nil || f.Type != fieldtype.Email || !found || !end || !strings.Contains(inside, "@") {
		return text, ""
	}
	return before, inside
}
