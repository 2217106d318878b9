package importer

import (
	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store"
)

// A row is about the record that was imported under its id, or that has its unique value. Both
// can be wrong: another product gives the same ids to other people, and several people may
// share one address. A row that contradicts the record it was found to be about is refused, so
// that no person is written over another one.

// refuseOther refuses a row of a person that names somebody else than the record with the key.
// by says how the record was found: by its id the row may still give it another name, as
// after a marriage, if the e-mail address is the same.
func (im *Importer) refuseOther(tx *store.Tx, d store.Draft, key int64, by foundBy) error {
	unique, label := d.Entity.Field(d.Entity.Keys.Unique), d.Entity.Field(d.Entity.LabelField)
	if unique == nil || unique.Type != fieldtype.Email || im.hasOwnIDs() {
		return nil
	}
	rec, found, err := tx.Lookup(d.Entity, key)
	if !found || err != nil {
		return err
	}
	name, address := inputText(d, label), inputText(d, unique)
	had, hadAddress := rec.Value(label.Name).Text, rec.Value(unique.Name).Text
	if name == "" || isNamedByUnique(rec) || norm.MayBeSame(name, had) || by == foundByID && address != "" && address == hadAddress {
		return nil
	}
	if by == foundByKey {
		return crm.Errorf(crm.AlreadyExists, "an address or id of the row belongs to %s, which is %s; the row names %s, so it was not saved. Take that address or id out of the row, or change the name of that record first.",
			rec.Handle(), norm.Quote(had), norm.Quote(name)).On(label.Name)
	}
	if by == foundByID {
		return crm.Errorf(crm.AlreadyExists, "this id was imported before as %s, which is %s; the row names %s, so it was not saved. If the file is from another product, add source=<its name>; if the person has a new name, change it there first.",
			rec.Handle(), norm.Quote(had), norm.Quote(name)).On("id")
	}
	return crm.Errorf(crm.AlreadyExists, "%s is the address of %s, %s; the row names %s, so it was not saved. Give the row another address or none, or change the name of that record first.",
		norm.Quote(norm.ShowEmail(address)), rec.Handle(), norm.Quote(had), norm.Quote(name)).On(unique.Name)
}

// isNamedByUnique reports whether a record has no name but its unique value.
func isNamedByUnique(rec crm.Record) bool {
	name, unique := rec.Value(rec.Entity.LabelField).Text, rec.Entity.Keys.Unique
	return name == rec.Value(unique).Text || name == rec.Shown(unique).Text
}

// foundBy says by what a row was found to be about a record.
type foundBy int

const (
	foundByID foundBy = iota
	foundByUnique
	foundByKey // one of several
)

// inputText returns the text that a draft sets a field to; empty if it sets none.
func inputText(d store.Draft, f *crm.Field) string {
	for _, in := range d.Inputs {
		if in.Field == f {
			return in.Value.Text
		}
	}
	return ""
}

// update updates the record that a row was found to be about.
func (im *Importer) update(tx *store.Tx, d store.Draft, key int64, e entry) (store.Outcome, error) {
	err := im.refuseOther(tx, d, key, foundByID)
	if err == nil {
		d, err = im.withoutOthers(tx, d, key)
	}
	if err == nil {
		d, im.kept, err = im.keepKnown(tx, d, key)
	}
	if err == nil {
		d, err = im.keepName(tx, d, key, e)
	}
	if err == nil {
		err = im.prepare(tx, d, key)
	}
	if err != nil {
		return store.Outcome{}, err
	}
	return tx.Update(key, d)
}

// prepare calls what the options have for a row that is about to be saved.
func (im *Importer) prepare(tx *store.Tx, d store.Draft, key int64) error {
	if im.opts.Prepare == nil {
		return nil
	}
	note, err := im.opts.Prepare(tx, d, key)
	if note != "" {
		im.notes = append(im.notes, note)
	}
	return err
}
