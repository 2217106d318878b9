package references

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/store"
)

// Two people may have one name, and so may two companies. A row that names one of them means the one
// that what else it says leads to; if that leaves it open, the row is refused, since a guess would
// write to the history of somebody else, and a new record would be a third one of the name.

// maxShown is how many records of one name an error lists.
const maxShown = 5

// byUnique finds a record by its unique value.
func (r *resolver) byUnique(s *search) (int64, error) {
	v, fault := r.source.Env.Normal(s.to.Field(s.to.Keys.Unique), s.Unique)
	if fault != nil {
		return 0, fault.On(s.Field.Path() + "." + s.to.Keys.Unique)
	}
	return r.tx.KeyOf(s.to, v)
}

// byName finds a record by its name: a person with or without a title, or one that had the name
// when it was imported. A text that is also a domain may be that of a company of another name.
func (r *resolver) byName(s *search) (int64, error) {
	key, err := r.oneNamed(s, s.Name)
	if isPerson(s.to) && key == 0 && err == nil && len(s.several) == 0 {
		key, err = r.oneNamed(s, norm.WithTitles(s.Name)...)
	}
	if len(s.several) > 0 || err != nil {
		return key, err
	}
	if key == 0 {
		key, err = r.source.MappedKey(r.tx, s.to, ID{ByName, norm.Fold(s.Name)}, "")
	}
	if key == 0 && err == nil {
		key, err = r.source.openKey(r.tx, s.to, s.Name)
	}
	if key != 0 && err == nil && s.ID != "" {
		key, err = r.source.unlessOther(r.tx, s.to, key)
	}
	if key == 0 && err == nil && s.Host != "" {
		key, err = r.tx.KeyOf(s.to, crm.Str(s.Host))
	}
	return key, err
}

// isPerson reports whether records of an entity are people.
func isPerson(e *crm.Entity) bool {
	f := e.Field(e.Keys.Unique)
	return f != nil && f.Type == fieldtype.Email
}

// oneNamed returns the key of the record that has one of the names. Of several it chooses one, or
// adds them to the search.
func (r *resolver) oneNamed(s *search, names ...string) (int64, error) {
	keys, err := r.tx.KeysNamed(s.to, maxShown+1, names...)
	if len(keys) < 2 || err != nil {
		return only(keys), err
	}
	if s.ID != "" { // those with another id in the source are others
		if keys, err = r.withoutIDs(s, keys); len(keys) < 2 || err != nil {
			return only(keys), err
		}
	}
	slices.Sort(keys)
	s.names, s.several = names, keys
	return r.choose(s)
}

// withoutIDs returns the records that have no id in the source of the file.
func (r *resolver) withoutIDs(s *search, keys []int64) (left []int64, err error) {
	for _, key := range keys {
		if key, err = r.source.unlessOther(r.tx, s.to, key); err != nil {
			return nil, err
		}
		if key != 0 {
			left = append(left, key)
		}
	}
	return left, nil
}

// only returns the key if there is one, else 0.
func only(keys []int64) int64 {
	if len(keys) != 1 {
		return 0
	}
	return keys[0]
}

// unlessOther returns the key of a record that was found by its name, or 0 if it has an id in the
// source of the file: the row has another id, so it means a namesake.
func (s Source) unlessOther(tx *store.Tx, to *crm.Entity, key int64) (int64, error) {
	rec, found, err := tx.Lookup(to, key)
	if !found || err != nil || s.HasID(rec) {
		return 0, err
	}
	return key, nil
}

// choose returns the namesake to which what else the row says leads, 0 if it leads to none or to
// several: an address at the domain of a company, what the namesakes refer to, and what refers
// to them.
func (r *resolver) choose(s *search) (int64, error) {
	for _, by := range []func(*search) (int64, error){r.byDomain, r.byOwnReferences, r.byReferring} {
		if key, err := by(s); key != 0 || err != nil {
			return key, err
		}
	}
	return 0, nil
}

// byDomain chooses the company whose domain is that of an address in the row.
func (r *resolver) byDomain(s *search) (int64, error) {
	f := s.to.Field(s.to.Keys.Unique)
	if f == nil || f.Type != fieldtype.Domain {
		return 0, nil
	}
	found := map[int64]bool{}
	for _, host := range append(r.hosts(), s.Host) {
		v, fault := r.source.Env.Normal(f, host)
		if fault != nil || !v.Set() {
			continue
		}
		key, err := r.tx.KeyOf(s.to, v)
		if key != 0 && err == nil {
			err = r.noteNamesake(s, key, found)
		}
		if err != nil {
			return 0, err
		}
	}
	return onlyOf(found), nil
}

// hosts returns the hosts of the addresses in the row, its own and those of people that it refers to.
func (r *resolver) hosts() (hosts []string) {
	add := func(address string) {
		if _, host, found := strings.Cut(address, "@"); found {
			hosts = append(hosts, host)
		}
	}
	for _, in := range r.Draft.Inputs {
		switch in.Field.Type {
		case fieldtype.Email:
			add(in.Value.Text)
		case fieldtype.Emails:
			for _, address := range in.Value.List() {
				add(address)
			}
		}
	}
	for _, ref := range r.lookups {
		add(ref.Unique)
	}
	return hosts
}

// byOwnReferences chooses the namesake that refers to the same records as the row: all of them, else
// any of them.
func (r *resolver) byOwnReferences(s *search) (int64, error) {
	var refs []crm.Input
	for _, f := range referencesOf(s.to) {
		for _, in := range r.found {
			if r.Draft.Entity.Target(in.Field) == s.to.Target(f) {
				refs = append(refs, crm.Input{Field: f, Value: in.Value})
			}
		}
	}
	if len(refs) == 0 {
		return 0, nil
	}
	keys, err := r.tx.KeysNamedOf(s.to, refs, 2, s.names...)
	if len(keys) > 0 || len(refs) == 1 || err != nil {
		return only(keys), err
	}
	found := map[int64]bool{}
	for _, ref := range refs {
		keys, err := r.tx.KeysNamedOf(s.to, []crm.Input{ref}, 2, s.names...)
		if err != nil {
			return 0, err
		}
		if len(keys) > 0 {
			found[only(keys)] = true
		}
	}
	return onlyOf(found), nil
}

// byReferring chooses the namesake to which the records refer that the row refers to: the company of
// the contact.
func (r *resolver) byReferring(s *search) (int64, error) {
	found := map[int64]bool{}
	for _, in := range r.found {
		of := r.Draft.Entity.Target(in.Field)
		rec, exists, err := r.tx.Lookup(of, in.Value.Int)
		if err != nil {
			return 0, err
		}
		for _, f := range referencesOf(of) {
			if !exists || of.Target(f) != s.to || !rec.Value(f.Name).Set() {
				continue
			}
			if err := r.noteNamesake(s, rec.Value(f.Name).Int, found); err != nil {
				return 0, err
			}
		}
	}
	return onlyOf(found), nil
}

// noteNamesake notes a key if the record has the name that is looked for.
func (r *resolver) noteNamesake(s *search, key int64, found map[int64]bool) error {
	rec, exists, err := r.tx.Lookup(s.to, key)
	if exists && slices.ContainsFunc(s.names, func(name string) bool { return norm.Fold(name) == norm.Fold(rec.Value(s.to.LabelField).Text) }) {
		found[key] = true
	}
	return err
}

// onlyOf returns the key if there is one, else 0.
func onlyOf(found map[int64]bool) (one int64) {
	for key := range found {
		if one = key; len(found) > 1 {
			return 0
		}
	}
	return one
}

// severalNamed is the error for a name that several records have.
func severalNamed(s *search) *crm.Error {
	n, ids := fmt.Sprint(len(s.several)), []string{}
	if len(s.several) > maxShown {
		n, s.several = fmt.Sprint("more than ", maxShown), s.several[:maxShown]
	}
	for _, key := range s.several {
		ids = append(ids, s.to.Name+"/"+crm.RecordID(s.to.Prefix, key))
	}
	column := s.Field.Name
	if s.to.Keys.Unique != "" {
		column = s.Field.Path() + "." + s.to.Keys.Unique + " or " + column
	}
	var by []string
	for _, f := range referencesOf(s.to) {
		by = append(by, f.Path())
	}
	if len(by) > 0 {
		column += ", or one with the " + strings.Join(by, " or the ") + " of that " + s.to.Name
	}
	return crm.Errorf(crm.ReferenceNotFound, "%s: there are %s %s named %s: %s. The row does not say which of them is meant; add a column %s.",
		s.Field.Name, n, s.to.Plural, norm.Quote(s.Name), strings.Join(ids, ", "), column).On(s.Field.Name)
}
