package table

import (
	"fmt"
	"strings"

	"crmkit/crm"
)

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

// Rows reads every row of a statement.
type Rows func(text string, args []any, each func(scan func(...any) error) error) error

// After is a place among the records that refer to one: the time and the key of the record reached last.
type After struct {
	Workspace, Record int64
	At, Key           int64
}

// NextReferencing returns the keys of the next records, at most so many, that inherit through a record, and
// their times. Those of the time reached last are read by a statement of their own: for a
// comparison of pairs SQLite uses the index for the first member only, and many records may
// have the same time.
func (v InheritedRef) NextReferencing(rows Rows, from After, most int) (keys, times []int64, err error) {
	timeColumn := v.Of.Field(strings.TrimPrefix(v.Of.Sort, "-")).Col()
	for _, next := range []struct {
		where string
		args  []any
	}{
		{timeColumn + " = $4 AND key > $5 ORDER BY key", []any{from.At, from.Key}},
		{timeColumn + " > $4 ORDER BY " + timeColumn + ", key", []any{from.At}},
	} {
		text := fmt.Sprintf("SELECT key, %s FROM %s WHERE UNINDEXED workspace_id = $1 AND %s = $2 AND %s LIMIT $3", timeColumn, v.Of.Plural, v.Base.Col(), next.where)
		err := rows(text, append([]any{from.Workspace, from.Record, most - len(keys)}, next.args...), func(scan func(...any) error) error {
			keys, times = append(keys, 0), append(times, 0)
			return scan(&keys[len(keys)-1], &times[len(keys)-1])
		})
		if err != nil || len(keys) == most {
			return keys, times, err
		}
	}
	return keys, times, nil
}
