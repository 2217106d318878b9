package crm

import (
	"fmt"
	"slices"
)

// Reference is a field of one entity that points to another.
type Reference struct {
	From  *Entity
	Field *Field
}

// Owning returns the sets of references that contain the field and with the last of which a record
// is deleted.
func (ref Reference) Owning() (sets [][]string) {
	for _, names := range ref.From.Parents.Sets() {
		if slices.Contains(names, ref.Field.Name) {
			sets = append(sets, names)
		}
	}
	return sets
}

// Ties returns the sets of references that name a record together and contain the field.
func (ref Reference) Ties() (sets [][]string) {
	for _, names := range ref.From.Keys.Together {
		if slices.Contains(names, ref.Field.Name) {
			sets = append(sets, names)
		}
	}
	return sets
}

// Orphans reports whether a record that has lost the reference has lost the last of those to which it belongs,
// so that it is deleted.
func (ref Reference) Orphans(rec Record) bool {
	set := func(name string) bool { return rec.Value(name).Set() }
	return slices.ContainsFunc(ref.Owning(), func(names []string) bool { return !slices.ContainsFunc(names, set) })
}

// ReferencesTo returns every field that refers to records of the entity, without inherited
// ones.
func (s *Schema) ReferencesTo(target *Entity) []Reference {
	return slices.DeleteFunc(s.Referring(target), func(ref Reference) bool { return ref.Field.Inherited() != nil })
}

// Journal returns the log of what happened with records of an entity: the reference of its entries to
// these, and the field with their text. Without one the entity has no log.
func (s *Schema) Journal(of *Entity) (ref Reference, body *Field, found bool) {
	for _, ref := range s.ReferencesTo(of) {
		e := ref.From
		at := slices.IndexFunc(e.Fields, func(f Field) bool { return f.Required && f.Type.Kind() == TextKind })
		if e.Parents.AuthorOwned && slices.Contains(e.Parents.Fields, ref.Field.Name) && at >= 0 {
			return ref, &e.Fields[at], true
		}
	}
	return ref, nil, false
}

// Referring returns every field that refers to records of the entity, the inherited ones last.
func (s *Schema) Referring(target *Entity) (refs []Reference) {
	var inherited []Reference
	for _, e := range s.Entities {
		for i := range e.Fields {
			switch f := &e.Fields[i]; {
			case e.Target(f) != target:
			case f.Inherited() != nil:
				inherited = append(inherited, Reference{e, f})
			default:
				refs = append(refs, Reference{e, f})
			}
		}
	}
	return append(refs, inherited...)
}

// Repointed reports whether a record refers to others after a change than before.
func Repointed(before, after Record) bool {
	for i := range before.Entity.Fields {
		if before.Entity.Fields[i].IsReference() && !before.Values[i].Equal(after.Values[i]) {
			return true
		}
	}
	return false
}

// Back is how records of another entity refer to those of one: by a reference, or through a link. In filters the
// plural of the other entity names it, since several records may refer to one: deals.status on a company.
type Back struct {
	Name   string // the plural
	To     *Entity
	Link   *ManyToMany // nil: by one of Fields
	Fields []*Field    // of To: a reference, and the inherited one that completes it
}

// Back returns the way back with a name, or nil.
func (e *Entity) Back(name string) *Back {
	for i := range e.Backs {
		if e.Backs[i].Name == name {
			return &e.Backs[i]
		}
	}
	return nil
}

// Names returns the names of filters by which the records are found.
func (b *Back) Names() []string {
	names := []string{b.Name + ".<field>"}
	if b.Link != nil {
		names = append(names, b.Link.OwnPaths(b.Name)...)
	}
	return names
}

// resolveBacks sets the ways back of an entity. A link wins over a reference from the same entity: the deals of a
// contact are all that it is on, and not only those of which it is the main contact. Records that only join others
// have no name of their own here. Two references from one entity would make its plural ambiguous.
func (s *Schema) resolveBacks(e *Entity) error {
	if e.view || e.IsDefinition() {
		return nil
	}
	for i := range e.Links {
		l := &e.Links[i]
		e.Backs = append(e.Backs, Back{Name: l.End.Plural, To: l.End, Link: l})
	}
	for _, ref := range s.ReferencesTo(e) {
		if ref.From.view || ref.From.IsDefinition() || ref.From.IsLink() {
			continue
		}
		if known := e.Back(ref.From.Plural); known != nil && known.Link != nil {
			continue
		} else if known != nil {
			return fmt.Errorf("entity %s: %s refers to it by %s and %s, so the plural of it is ambiguous", e.Name, ref.From.Name, known.Fields[0].Name, ref.Field.Name)
		}
		b := Back{Name: ref.From.Plural, To: ref.From, Fields: []*Field{ref.Field}}
		if beside := ref.From.AlternateOf(ref.Field); beside != nil {
			b.Fields = append(b.Fields, beside)
		}
		e.Backs = append(e.Backs, b)
	}
	return nil
}
