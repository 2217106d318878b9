package references

import (
	"cmp"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/store"
	"crmkit/store/changelog"
	"crmkit/store/identify"
)

// A record that a row only named may be imported later: most files of deals have the names of people
// and no more, and come before the file of the people or after it. The first row about somebody of
// that name completes the record. A second one is about a namesake.
// identify.Done maps those that a row has completed, and openSource the last one created for a name.
const openSource = ByName + ":open"

// create creates a record of which a row has no more than the name, perhaps the unique value, and
// what both belong to. It is saved in the savepoint of the row, so it goes if the row fails.
func (r *resolver) create(s *search) (int64, error) {
	label, unique := s.to.Field(s.to.LabelField), s.to.Field(s.to.Keys.Unique)
	name, fault := r.source.Env.Normal(label, cmp.Or(s.Name, s.Unique))
	if fault != nil {
		return 0, fault
	}
	d := store.Draft{Entity: s.to, Inputs: []crm.Input{{Field: label, Value: name}}}
	for _, f := range referencesOf(s.to) {
		for _, in := range r.found {
			if r.Draft.Entity.Target(in.Field) == s.to.Target(f) {
				d.Inputs = append(d.Inputs, crm.Input{Field: f, Value: in.Value})
			}
		}
	}
	if s.Unique == "" && s.IsSite {
		s.Unique = s.Host
	}
	if s.Unique == "" {
		return r.createOpen(d)
	}
	value, fault := r.source.Env.Normal(unique, s.Unique)
	if fault != nil {
		return 0, fault
	}
	d.Inputs = append(d.Inputs, crm.Input{Field: unique, Value: value})
	key, err := r.source.Complete(r.tx, d)
	if key == 0 && err == nil {
		return r.save(d)
	}
	if err == nil {
		_, err = r.tx.Update(key, d)
	}
	return key, err
}

// save saves a new record to which the row refers.
func (r *resolver) save(d store.Draft) (int64, error) {
	out, err := r.tx.Save(d)
	if err == nil && out.Result == store.Created {
		r.Created = append(r.Created, d.Entity)
	}
	return out.After.Key, err
}

// createOpen creates a record of which nothing but the name is known. The mapping from the name to
// the record keeps the next row from creating another one, also if it is renamed.
func (r *resolver) createOpen(d store.Draft) (int64, error) {
	name := labelOf(d)
	key, err := r.save(d)
	if err == nil {
		err = r.tx.SaveImportMapping(ByName, d.Entity, norm.Fold(name), key)
	}
	if id := openID(d.Entity, name); id != "" && err == nil {
		err = r.tx.SaveImportMapping(openSource, d.Entity, id, key)
	}
	return key, err
}

// labelOf returns the name that a draft gives its record, empty if it gives none.
func labelOf(d store.Draft) string {
	at := draft.InputAt(d, d.Entity.LabelField)
	if at < 0 {
		return ""
	}
	return d.Inputs[at].Value.Text
}

// openID returns the id of a name, which is the same in all its spellings; empty if it has no words.
func openID(e *crm.Entity, name string) string { return norm.NameKey(untitled(e, name)) }

// untitled returns the name of a person without titles, and any other name as it is.
func untitled(e *crm.Entity, name string) string {
	if isPerson(e) {
		return norm.WithTitles(name)[0]
	}
	return name
}

// openKey returns the key of the record that was created for a name in any spelling and still has
// it, 0 if there is none.
func (s Source) openKey(tx *store.Tx, e *crm.Entity, name string) (int64, error) {
	id := openID(e, name)
	if id == "" {
		return 0, nil
	}
	key, err := tx.ImportMapping(openSource, e, id)
	if key == 0 || err != nil {
		return 0, err
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || !norm.SameName(untitled(e, name), untitled(e, rec.Value(e.LabelField).Text)) {
		return 0, err
	}
	return key, err
}

// Complete returns the key of the record that was created for the name in a draft and that the draft
// completes, 0 if there is none. The record has no unique value, nor an id in the source of the file,
// and belongs to the same company, if both belong to one.
func (s Source) Complete(tx *store.Tx, d store.Draft) (int64, error) {
	e := d.Entity
	unique, name := e.Field(e.Keys.Unique), labelOf(d)
	if unique == nil || name == "" || s.Sure {
		return 0, nil
	}
	key, err := s.openKey(tx, e, name)
	if key == 0 || err != nil {
		return 0, err
	}
	id := openID(e, name)
	done, err := tx.ImportMapping(identify.Done, e, id)
	if done == key || err != nil {
		return 0, err
	}
	rec, found, err := tx.Lookup(e, key)
	if !found || err != nil || rec.Value(unique.Name).Set() || s.HasID(rec) {
		return 0, err
	}
	for _, in := range d.Inputs {
		had := rec.Value(in.Field.Name)
		if in.Field.IsReference() && in.Value.Set() && had.Set() && !had.Equal(in.Value) {
			return 0, nil
		}
	}
	if err := tx.SaveImportMapping(identify.Done, e, id, key); err != nil {
		return 0, err
	}
	return key, tx.LogEntry(identify.Completed, e.Name+"/"+crm.RecordID(e.Prefix, key), nil, changelog.Texts(identify.CompletedAs, id))
}
