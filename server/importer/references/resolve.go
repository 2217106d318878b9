package references

import (
	"cmp"
	"slices"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/importer/cells"
	"crmkit/store"
)

// A row may refer to several records, and one of them often says which of several namesakes another
// is: the person of that name at this company. So the references of a row are resolved together.
// First those are found that the row identifies, then the others are chosen with their help, and only
// then records are created for names that nobody has.

// Row is a row whose references are resolved.
type Row struct {
	Draft   store.Draft
	Lookups []cells.Lookup
	AnyID   string // of a record of some kind
}

// Resolved is a row with its references.
type Resolved struct {
	Draft   store.Draft
	Created []*crm.Entity // of the records that were created because the row refers to them
	Notes   []string      // what the answer says of the row
}

// resolver finds the records that one row refers to.
type resolver struct {
	Resolved
	source  Source
	tx      *store.Tx
	lookups []cells.Lookup
	found   []crm.Input // the references so far
	owned   bool        // the inputs of the draft are a copy, since a transaction may run twice
}

// search is a reference that is being resolved.
type search struct {
	cells.Lookup
	to      *crm.Entity
	names   []string // under which records were found
	several []int64  // their keys, some of them, if they are not one
}

// Resolve returns the draft of a row with the records that it refers to, of which it creates those
// of which the row has enough.
func (s Source) Resolve(tx *store.Tx, row Row) (Resolved, error) {
	r := &resolver{Resolved: Resolved{Draft: row.Draft}, source: s, tx: tx, lookups: row.Lookups}
	if err := r.resolve(); err != nil || row.AnyID == "" {
		return r.Resolved, err
	}
	f, key, err := s.byAnyID(tx, row.Draft.Entity, row.AnyID)
	if err == nil && !slices.ContainsFunc(r.found, func(in crm.Input) bool { return in.Field == f }) {
		r.add(f, key)
	}
	return r.Resolved, err
}

// resolve adds all references of the row to its draft.
func (r *resolver) resolve() error {
	var open []*search
	if err := r.moveCustomer(); err != nil {
		return err
	}
	for _, s := range r.searches() {
		key, err := r.find(s)
		switch {
		case err != nil:
			return err
		case key != 0:
			r.add(s.Field, key)
		default:
			open = append(open, s)
		}
	}
	for _, s := range open {
		key, err := r.settle(s)
		if err != nil {
			return err
		}
		if key != 0 {
			r.add(s.Field, key)
		}
	}
	return nil
}

// searches returns what is to be found. Kinds that refer to fewer others come first, since they
// help to find those that refer to them: the company before the contact, and this before the deal.
func (r *resolver) searches() []*search {
	var list []*search
	for _, ref := range r.lookups {
		to := r.Draft.Entity.Target(ref.Field)
		if ref.ID+ref.Unique+ref.Name != "" || r.source.Dump {
			list = append(list, &search{Lookup: ref, to: to})
		}
	}
	slices.SortStableFunc(list, func(a, b *search) int { return cmp.Compare(len(referencesOf(a.to)), len(referencesOf(b.to))) })
	return list
}

// referencesOf returns the references of an entity to records of other kinds that a row may set. The company of a row
// is never the one to which another company of it belongs.
func referencesOf(e *crm.Entity) (list []*crm.Field) {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.IsReference() && !f.ReadOnly && e.Target(f) != e {
			list = append(list, f)
		}
	}
	return list
}

// add adds a reference to the draft.
func (r *resolver) add(f *crm.Field, key int64) {
	in := crm.Input{Field: f, Value: crm.Key(key)}
	r.found = append(r.found, in)
	r.copyInputs()
	r.Draft.Inputs = append(r.Draft.Inputs, in)
}

// copyInputs makes the inputs of the draft its own.
func (r *resolver) copyInputs() {
	if !r.owned {
		r.Draft.Inputs, r.owned = slices.Clone(r.Draft.Inputs), true
	}
}

// find returns the key of the record that a reference identifies: by its id, else by its unique
// value, else by a name that one record has. It creates none. If several have the name, and nothing
// in the row says which is meant, it is 0, and these are in the search.
func (r *resolver) find(s *search) (int64, error) {
	key, err := r.source.importedKey(r.tx, s.to, s.ID)
	if err != nil {
		return 0, err
	}
	if key != 0 {
		return key, r.keepOthers(s, key)
	}
	if r.source.Dump || s.Unique == "" && s.Name == "" {
		return 0, r.source.notImported(s.Lookup, s.to)
	}
	if refusal, err := r.split(s); err != nil || refusal != nil {
		return 0, cmp.Or(err, r.keepOrRefuse(s, refusal))
	}
	if s.Unique != "" {
		key, err = r.byUnique(s)
	} else if s.Name != "" {
		key, err = r.byName(s)
	}
	if key != 0 && err == nil {
		err = r.addID(s, key)
	}
	return key, err
}

// addID notes the id that the row has for a record which it identified by something else.
func (r *resolver) addID(s *search, key int64) error {
	if s.ID == "" || s.ID == s.Unique {
		return nil
	}
	return r.source.addID(r.tx, s.to, key, s.ID)
}

// settle returns the record of a reference that was not found: one of the namesakes, now that the
// other references are known, or a new one if nobody has the name. It is 0 if the name is kept
// as text.
func (r *resolver) settle(s *search) (key int64, err error) {
	switch {
	case len(s.several) > 0:
		if key, err = r.choose(s); key == 0 && err == nil {
			return 0, r.keepOrRefuse(s, severalNamed(s))
		}
	case s.Unique == "" && s.Name == "": // it is kept as text
		return 0, nil
	case s.to.Keys.Unique == "":
		return 0, crm.Errorf(crm.ReferenceNotFound, "%s: no %s has this name: %s. Import the %s first, then this file again.",
			s.Field.Name, s.to.Name, norm.Quote(s.Name), s.to.Plural).On(s.Field.Name)
	default:
		key, err = r.create(s)
	}
	if err == nil {
		err = r.addID(s, key)
	}
	return key, err
}

// keepOrRefuse keeps the name of a reference as text, with a note, if the row is about a person: a
// person is worth more than the link to the company. Any other row is refused.
func (r *resolver) keepOrRefuse(s *search, reason *crm.Error) error {
	if reason == nil {
		return nil
	}
	if r.Draft.Entity.Keys.Unique == "" || s.Name == "" {
		return reason
	}
	where := r.keepText(s.column(), s.Name)
	r.note("saved without " + s.Field.Path() + ", the name is in " + where + ". " + reason.Hint)
	s.Unique, s.Name, s.several = "", "", nil
	return nil
}

// note adds a note to the result of the row.
func (r *resolver) note(text string) { r.Notes = append(r.Notes, text) }
