package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// In sheets of deals and tickets a column such as Customer has companies, or people, or both. An
// address is never the name of a company: it is that of the contact.

// isPersonOfCompany reports whether a cell about a company has a person: an address, or in a column
// of customers one beside a name.
func (row *rowFields) isPersonOfCompany(p placedCell) bool {
	if row.OwnIDs || p.refField == nil || !isUnique(row.columns.entity.Target(p.field), fieldtype.Domain) {
		return false
	}
	list := norm.SplitMailboxes(strings.ReplaceAll(Text(p.json), ":::", ";"))
	return len(list) > 0 && !slices.ContainsFunc(list, func(text string) bool {
		is := readPerson(text)
		return is.Unique == "" || is.Name != "" && !products.IsCustomer(p.name)
	})
}

// asPerson returns the cell as one about the contact, if the entity refers to contacts; else as one
// that no field takes.
func (row *rowFields) asPerson(p placedCell) placedCell {
	for _, f := range row.columns.References() {
		if to := row.columns.entity.Target(f); isUnique(to, fieldtype.Email) {
			p.field, p.refField = f, to.Field(to.Keys.Unique)
			row.setAside(p, f.Path()+"."+p.refField.Name)
			return p
		}
	}
	p.field = nil
	return p
}

// isUnique reports whether records of an entity have a unique value of a type.
func isUnique(e *crm.Entity, t crm.Type) bool {
	f := e.Field(e.Keys.Unique)
	return f != nil && f.Type == t
}

// leftList reports whether a cell says that somebody left a list. It matters where records have no
// place for it: who left a campaign would be a member of it again.
func leftList(p placedCell) bool {
	text := strings.TrimSpace(Text(p.json))
	if products.IsLeaving(p.name) {
		return text != "" && answerOf(p) != isNo
	}
	return products.IsLeaving(text)
}

// refuseLeft refuses a row about somebody who left.
func (row *rowFields) refuseLeft(p placedCell) *crm.Error {
	e := row.columns.entity
	return crm.Errorf(crm.InvalidValue, "%s is %s, and %s have no such state: everybody who has one is a member. Leave this row out; if it is a member here, delete it: GET /%s?contact.email=<address>, then DELETE /%s/{id}.",
		norm.Quote(p.name), norm.Quote(Text(p.json)), e.Plural, e.Route(), e.Route()).On(p.name)
}
