package importer

import (
	"slices"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/server/importer/cells"
	"crmkit/server/importer/references"
	"crmkit/store"
)

// A row may have addresses that belong to another record: a group has one site for all of its
// companies, two people read one mailbox. They are kept in custom, because as an address of the
// record they would make it the other one.

// withoutOthers moves the domain and the further addresses that belong to another record than
// the one with the key into custom. Without a key the record is the one with the unique value, if
// the row does not contradict it.
func (im *Importer) withoutOthers(tx *store.Tx, d store.Draft, key int64) (store.Draft, error) {
	unique := d.Entity.Field(d.Entity.Keys.Unique)
	if unique == nil || unique.Others == "" || im.hasOwnIDs() || im.isDump() {
		return d, nil
	}
	d.Inputs = slices.Clone(d.Inputs)
	at := draft.InputAt(d, unique.Name)
	if at >= 0 && d.Inputs[at].Value.Set() {
		holder, err := tx.KeyOf(d.Entity, d.Inputs[at].Value)
		if holder != 0 && key == 0 && err == nil {
			key, err = im.unlessContradicted(tx, d, holder)
		}
		if err != nil {
			return d, err
		}
		if holder != 0 && holder != key && unique.Type == fieldtype.Domain {
			site := d.Inputs[at].Value.Text
			d.Inputs = slices.Delete(d.Inputs, at, at+1)
			draft.AddKey(&d, cells.WebsiteKey, site)
		}
	}
	return im.withoutOthersItems(tx, d, key)
}

// withoutOthersItems does the same with the list of further addresses.
func (im *Importer) withoutOthersItems(tx *store.Tx, d store.Draft, key int64) (store.Draft, error) {
	list := d.Entity.Field(d.Entity.Field(d.Entity.Keys.Unique).Others).Name
	at := draft.InputAt(d, list)
	if at < 0 || isCleared(d.Inputs[at]) {
		return d, nil
	}
	var own []string
	for _, item := range d.Inputs[at].Value.List() {
		holder, err := tx.KeyOfItem(d.Entity, list, item)
		if holder != 0 && key == 0 && err == nil {
			key, err = im.unlessContradicted(tx, d, holder)
		}
		if err != nil {
			return d, err
		}
		if holder == 0 || holder == key {
			own = append(own, item)
		} else {
			draft.AddKey(&d, list, item)
		}
	}
	at = draft.InputAt(d, list) // a key that was added may have moved it
	if d.Inputs[at].Value = crm.Labels(own); len(own) == 0 {
		d.Inputs = slices.Delete(d.Inputs, at, at+1)
	}
	return d, nil
}

// addItem adds an item to a list of a draft.
func addItem(d *store.Draft, list *crm.Field, item string) {
	d.Inputs = slices.Clone(d.Inputs)
	at := draft.InputAt(*d, list.Name)
	if at < 0 {
		d.Inputs = append(d.Inputs, crm.Input{Field: list, Mode: crm.EditTags, Value: crm.Labels([]string{item})})
		return
	}
	d.Inputs[at].Value = crm.Labels(append(slices.Clone(d.Inputs[at].Value.List()), item))
}

// unlessContradicted returns the key of a record that was found by an address, or 0 if the row is
// about another one: its id in the source is another, or its name cannot be the same.
func (im *Importer) unlessContradicted(tx *store.Tx, d store.Draft, key int64) (int64, error) {
	rec, found, err := tx.Lookup(d.Entity, key)
	if !found || err != nil {
		return 0, err
	}
	name, had := inputText(d, d.Entity.Field(d.Entity.LabelField)), rec.Value(d.Entity.LabelField).Text
	at := draft.InputAt(d, references.ExternalIDs)
	if at >= 0 && im.from().HasID(rec) && rec.Entity.Field(d.Entity.Keys.Unique).Type == fieldtype.Domain ||
		name != "" && !isNamedByUnique(rec) && !norm.MayBeSame(name, had) {
		return 0, nil
	}
	return key, nil
}
