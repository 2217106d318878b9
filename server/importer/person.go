package importer

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/server/importer/references"
	"crmkit/store"
)

// Two rows can be about one person and have no id and no address in common. A row without both is
// the contact of the same name with one of its phone numbers. A number alone is not enough,
// since people share that of a switchboard. A row with another address stays a contact of its own,
// because a namesake may work in the same company; the answer names these rows.

// maxNamesakes is how many contacts of one name are compared with a row. A name that more have
// identifies nobody.
const maxNamesakes = 100

// knownKey returns the key of the record that was imported under the id of a row, else of the contact
// that a row without id and address is about, 0 if there is none.
func (im *Importer) knownKey(tx *store.Tx, d store.Draft, e entry) (int64, error) {
	key, err := im.from().MappedKey(tx, e.entity, references.ID{Source: e.source, ID: e.id}, e.cells.CreatedAt)
	if key == 0 && err == nil && e.content != "" && e.content != e.id {
		key, err = im.withoutKey(tx, e)
	}
	if key != 0 || err != nil || e.source != references.ByContent {
		return key, err
	}
	if key, err = im.samePerson(tx, d); key != 0 && err == nil {
		err = tx.SaveImportMapping(e.source, e.entity, e.id, key)
	}
	return key, err
}

// withoutKey returns the key of the record that the same row made when no column was named as its key;
// from now on the key finds it.
func (im *Importer) withoutKey(tx *store.Tx, e entry) (int64, error) {
	key, err := im.from().MappedKey(tx, e.entity, references.ID{Source: references.ByContent, ID: e.content}, "")
	if key != 0 && err == nil {
		err = tx.SaveImportMapping(e.source, e.entity, e.id, key)
	}
	return key, err
}

// samePerson returns the key of the one contact with the name and a phone number of a row, 0 if
// there is none, or more than one.
func (im *Importer) samePerson(tx *store.Tx, d store.Draft) (int64, error) {
	e := d.Entity
	name, numbers := inputText(d, e.Field(e.LabelField)), im.numbersOf(d)
	if !im.isOfPeople(e) || name == "" || len(numbers) == 0 {
		return 0, nil
	}
	keys, err := tx.KeysNamed(e, maxNamesakes+1, nameForms(name)...)
	if err != nil || len(keys) > maxNamesakes {
		return 0, err
	}
	var same []int64
	for _, key := range keys {
		rec, found, err := tx.Lookup(e, key)
		if err != nil {
			return 0, err
		}
		if found && norm.SameName(bareName(name), bareName(rec.Value(e.LabelField).Text)) && im.hasNumber(rec, numbers) {
			same = append(same, key)
		}
	}
	if len(same) != 1 {
		return 0, nil
	}
	return same[0], nil
}

// isLoose reports whether only its cells identify a row: it has no id and no address, and is not the row of
// a person with a phone number, nor of a unique declared field.
func (im *Importer) isLoose(e entry) bool {
	if e.fault != nil || e.source != references.ByContent {
		return false
	}
	return !im.hasUniqueKey(e) && (!im.isOfPeople(e.entity) || len(im.numbersOf(e.draft)) == 0)
}

// hasUniqueKey reports whether a row has a value of a unique declared field.
func (im *Importer) hasUniqueKey(e entry) bool {
	k := im.opts.Env.Shape.Kind(e.entity)
	for _, in := range e.draft.Inputs {
		if in.Field.Type.Kind() == crm.ObjectKind && slices.ContainsFunc(in.Value.Members(), func(sent crm.Member) bool {
			m := k.Member(sent.Name)
			return m != nil && m.Of.Unique
		}) {
			return true
		}
	}
	return false
}

// isOfPeople reports whether a file of other products has people.
func (im *Importer) isOfPeople(e *crm.Entity) bool {
	unique := e.Field(e.Keys.Unique)
	return unique != nil && unique.Type == fieldtype.Email && !im.hasOwnIDs()
}

// isOfNumbers reports whether a field has one phone number or several.
func isOfNumbers(f *crm.Field) bool { return f.Type == fieldtype.Phone || f.Type == fieldtype.Phones }

// numbersOf returns the whole phone numbers of a row, as the country of the workspace reads them.
func (im *Importer) numbersOf(d store.Draft) (list []string) {
	for _, in := range d.Inputs {
		if isOfNumbers(in.Field) {
			list = append(list, im.numbersIn(in.Value)...)
		}
	}
	return list
}

// numbersIn returns the whole phone numbers in a value, in the form in which they are compared.
func (im *Importer) numbersIn(v crm.Value) (list []string) {
	texts := v.List()
	if len(texts) == 0 {
		texts = []string{v.Text}
	}
	for _, text := range texts {
		if norm.IsPhone(text) {
			list = append(list, norm.PhoneNumber(im.opts.Env.Country, text))
		}
	}
	return list
}

// hasNumber reports whether a contact has one of the numbers.
func (im *Importer) hasNumber(rec crm.Record, numbers []string) bool {
	for i := range rec.Entity.Fields {
		if f := &rec.Entity.Fields[i]; isOfNumbers(f) &&
			slices.ContainsFunc(im.numbersIn(rec.Values[i]), func(number string) bool { return slices.Contains(numbers, number) }) {
			return true
		}
	}
	return false
}

// bareName returns a name without titles.
func bareName(name string) string { return norm.WithTitles(name)[0] }

// nameForms returns a name as contacts may have it: with and without a title, and with the
// family name first or last.
func nameForms(name string) []string {
	forms := norm.WithTitles(name)
	bare := forms[0]
	if family, given, found := strings.Cut(bare, ","); found {
		return append(forms, strings.TrimSpace(given)+" "+strings.TrimSpace(family))
	}
	if at := strings.LastIndexByte(bare, ' '); at > 0 {
		forms = append(forms, bare[at+1:]+", "+bare[:at], bare[at+1:]+" "+bare[:at])
	}
	return forms
}

// likeness is by what a row may be about the same person as another row.
type likeness struct {
	name string
	keys []uint64 // hashes of the name with a phone number, or with the company
}

// likenessOf returns the likeness of a row. A single word is a name with a phone number alone:
// two people in a company may be called Mara.
func (im *Importer) likenessOf(e entry) (l likeness) {
	if !im.isOfPeople(e.entity) {
		return l
	}
	l.name = inputText(e.draft, e.entity.Field(e.entity.LabelField))
	words := norm.NameWords(bareName(l.name))
	if len(words) == 0 {
		return l
	}
	name := strings.Join(words, " ")
	for _, number := range im.numbersOf(e.draft) {
		l.keys = append(l.keys, hashOf(name, "phone", number))
	}
	for _, ref := range e.cells.Lookups {
		if text := norm.Fold(cmp.Or(ref.ID, ref.Unique, ref.Name)); len(words) > 1 && text != "" {
			l.keys = append(l.keys, hashOf(name, ref.Field.Name, text))
		}
	}
	return l
}

// hashOf returns a hash of texts. Two lists with one hash would name two rows in a hint by mistake,
// and do nothing else.
func hashOf(texts ...string) uint64 {
	h := fnv.New64a()
	for _, text := range texts {
		h.Write([]byte(text))
		h.Write([]byte{0})
	}
	return h.Sum64()
}
