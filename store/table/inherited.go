package table

import "crmkit/crm"

// InheritedRef is a reference that records have through another one: an activity of a contact
// also belongs to the contact's company.
type InheritedRef struct {
	Of     *crm.Entity
	Field  *crm.Field // the inherited reference
	Base   *crm.Field // the reference it goes through
	Source *crm.Field // of what Base points to
}

// InheritedRefs returns the inherited references of the schema.
func InheritedRefs(schema *crm.Schema) (list []InheritedRef) {
	for _, of := range schema.Entities {
		for i := range of.Fields {
			f := &of.Fields[i]
			by := f.Inherited()
			if by == nil {
				continue
			}
			v := InheritedRef{Of: of, Field: f, Base: of.Field(by.From)}
			v.Source = ReferenceTo(of.Target(v.Base), of.Target(f))
			list = append(list, v)
		}
	}
	return list
}

// Name is the kind of the reference in the table cascades.
func (v InheritedRef) Name() string { return v.Of.Name + "." + v.Field.Name }

// Through is the entity whose reference is inherited.
func (v InheritedRef) Through() *crm.Entity { return v.Of.Target(v.Base) }

// ReferenceTo returns the last field of an entity that refers to another one.
func ReferenceTo(e, to *crm.Entity) (ref *crm.Field) {
	for i := range e.Fields {
		if e.Target(&e.Fields[i]) == to {
			ref = &e.Fields[i]
		}
	}
	return ref
}
