package references

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/draft"
	"crmkit/server/importer/cells"
)

// A field refers to one record. A cell may name several, and then the others are kept as text.

// maxParts is how many parts of a cell are looked up to learn whether it has several names.
const maxParts = 20

// split takes the first of several names that a cell has between semicolons, and keeps the others as
// text. A cell that is the name of one record has one. If nothing shows which it is, the answer is
// the reason to refuse the row: a record with the name of two would be a wrong one.
func (r *resolver) split(s *search) (refusal *crm.Error, err error) {
	if len(s.Several) == 0 {
		return nil, nil
	}
	keys, err := r.tx.KeysNamed(s.to, 1, s.Name)
	if len(keys) > 0 || err != nil {
		return nil, err
	}
	isList := s.IsList || isPerson(s.to) && !slices.ContainsFunc(s.Several, func(part cells.Named) bool { return part.Unique == "" && len(norm.NameWords(part.Name)) < 2 })
	for _, part := range s.Several[:min(len(s.Several), maxParts)] {
		if !isList && err == nil {
			isList, err = r.isKnown(s.to, part)
		}
	}
	switch {
	case err != nil || !isList && (s.Unique != "" || !isPerson(s.to)):
		return nil, err
	case !isList:
		return crm.Errorf(crm.ReferenceNotFound, "%s: %s has semicolons, and neither all of it nor a part is the name of a %s here. If it has several, import the %s first, or leave one of them in the cell.",
			s.Field.Name, norm.Quote(s.Name), s.to.Name, s.to.Plural).On(s.Field.Name), nil
	}
	r.noteSeveral(s, s.Several[1:])
	first := s.Several[0]
	s.Name, s.Host, s.IsSite, s.Unique = first.Name, first.Host, first.IsSite, cmp.Or(s.Unique, first.Unique)
	return nil, nil
}

// isKnown reports whether there is a record that a part of a cell names.
func (r *resolver) isKnown(to *crm.Entity, part cells.Named) (bool, error) {
	if value := cmp.Or(part.Unique, part.Host); value != "" {
		if v, fault := r.source.Env.Normal(to.Field(to.Keys.Unique), value); fault == nil {
			if key, err := r.tx.KeyOf(to, v); key != 0 || err != nil {
				return true, err
			}
		}
	}
	if part.Name == "" {
		return false, nil
	}
	keys, err := r.tx.KeysNamed(to, 1, part.Name)
	return len(keys) > 0, err
}

// keepOthers keeps the names in a cell as text that are not the one of the record which an id led to.
func (r *resolver) keepOthers(s *search, key int64) error {
	if len(s.Several) == 0 {
		return nil
	}
	rec, _, err := r.tx.Lookup(s.to, key)
	if err != nil {
		return err
	}
	had := norm.Fold(rec.Value(s.to.LabelField).Text)
	if norm.Fold(s.Name) == had {
		return nil
	}
	r.noteSeveral(s, slices.DeleteFunc(slices.Clone(s.Several), func(part cells.Named) bool { return norm.Fold(part.Name) == had }))
	return nil
}

// noteSeveral keeps names of a cell as text, because the field refers to one record.
func (r *resolver) noteSeveral(s *search, others []cells.Named) {
	if len(others) == 0 {
		return
	}
	texts := make([]string, len(others))
	for i, other := range others {
		texts[i] = other.Text
	}
	where := r.keepText(s.column(), strings.Join(texts, "; "))
	r.note(fmt.Sprintf("%s is one of the %s in the column %s, the others are in %s", s.Field.Path(), s.to.Plural, norm.Quote(s.column()), where))
}

// column returns the column with the name of a reference.
func (s *search) column() string { return cmp.Or(s.Column, s.Field.Path()) }

// keepText keeps a text for which the row has no reference in custom, under the name of its column,
// or as a line of the body of an activity. It returns where.
func (r *resolver) keepText(column, text string) string {
	r.copyInputs()
	at := draft.InputAt(r.Draft, "body")
	switch {
	case r.Draft.Entity.Field("custom") != nil:
		draft.AddKey(&r.Draft, column, text)
		return "custom." + norm.Quote(column)
	case at < 0:
		return "no field"
	}
	f, body := r.Draft.Inputs[at].Field, r.Draft.Inputs[at].Value.Text+"\n\n"+column+": "+text
	v, fault := r.source.Env.Normal(f, body)
	if fault != nil { // it is too long
		return "no field"
	}
	r.Draft.Inputs[at].Value = v
	return f.Name
}
