package crm

import "slices"

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
