package references

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/importer/cells"
)

// A column such as Customer names a company in most files, and a person in others. It is the person
// if the contact with the address of the row has the name, or if a contact has it and no company does.

// moveCustomer makes the name of a customer that of the contact to whom the row refers, if it is one.
func (r *resolver) moveCustomer() error {
	at := slices.IndexFunc(r.lookups, r.isCustomer)
	field := r.personField()
	if at < 0 || field == nil {
		return nil
	}
	customer, person := r.lookups[at], cells.Lookup{Field: field}
	to := slices.IndexFunc(r.lookups, func(ref cells.Lookup) bool { return ref.Field == field })
	if to >= 0 {
		person = r.lookups[to]
	}
	is, err := r.isContact(customer, &person)
	if !is || err != nil {
		return err
	}
	r.lookups = slices.Clone(r.lookups)
	if person.Name == "" {
		person.Name, person.Column = customer.Name, customer.Column
	} else if !norm.SameName(person.Name, customer.Name) {
		r.keepText(customer.Column, customer.Name)
	}
	if to >= 0 {
		r.lookups[to] = person
	} else {
		r.lookups = append(r.lookups, person)
	}
	r.lookups = slices.Delete(r.lookups, at, at+1)
	return nil
}

// isCustomer reports whether a reference to a company is no more than a name in a column of customers.
func (r *resolver) isCustomer(ref cells.Lookup) bool {
	f := r.uniqueOf(ref.Field)
	return f != nil && f.Type == fieldtype.Domain && ref.ID+ref.Unique == "" && ref.Name != "" && len(ref.Several) == 0 && products.IsCustomer(ref.Column)
}

// personField returns the reference of the row's entity to a contact, nil if it has none.
func (r *resolver) personField() *crm.Field {
	for _, f := range referencesOf(r.Draft.Entity) {
		if isPerson(r.Draft.Entity.Target(f)) {
			return f
		}
	}
	return nil
}

// uniqueOf returns the unique field of the records that a reference is to.
func (r *resolver) uniqueOf(f *crm.Field) *crm.Field {
	to := r.Draft.Entity.Target(f)
	return to.Field(to.Keys.Unique)
}

// isContact reports whether the customer of a row is a contact: that with the row's address, or one
// of the name that no company has. If the address is that of somebody else, the row is about that one.
func (r *resolver) isContact(customer cells.Lookup, person *cells.Lookup) (bool, error) {
	people := r.Draft.Entity.Target(person.Field)
	if person.Unique != "" {
		v, fault := r.source.Env.Normal(r.uniqueOf(person.Field), person.Unique)
		if fault != nil {
			return false, nil // the reference is refused when it is looked up
		}
		key, err := r.tx.KeyOf(people, v)
		if err != nil {
			return false, err
		}
		rec, found, err := r.tx.Lookup(people, key)
		if err != nil || found && norm.SameName(customer.Name, rec.Value(people.LabelField).Text) {
			return found, err
		}
		if found && person.Name == "" {
			person.Name = rec.Value(people.LabelField).Text
		}
	}
	companies, err := r.tx.KeysNamed(r.Draft.Entity.Target(customer.Field), 1, customer.Name)
	if len(companies) > 0 || err != nil {
		return false, err
	}
	contacts, err := r.tx.KeysNamed(people, 1, customer.Name)
	return len(contacts) > 0, err
}
