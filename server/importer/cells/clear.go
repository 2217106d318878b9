package cells

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// A row can say that a record has no value in a field: by a null of JSON, or in CSV by a word that
// the request names. A column clears what its cells would set: a field, a reference, a key of
// custom, a part of an address. A cell of the row with a value for the same field wins, since
// several columns may be for one.
//
// In some columns a null says no more than an empty cell. A part of a name may be missing, and so may
// the time of day behind a date: the field is made of the other cells. The id of a row cannot be
// cleared, and neither can a time that is set whenever it is missing.

// clear adds the members that clear fields, after all others are known. Whole fields come first: a
// null in custom clears its keys too.
func (row *rowFields) clear(names []string) {
	keys := map[*crm.Field][]string{}
	for _, name := range names {
		for _, t := range row.columns.cleared(name, row.How) {
			switch {
			case t.use == forMember:
				keys[t.field] = append(keys[t.field], t.key)
			case !row.says(t.field):
				row.set(t.field, "null")
			}
		}
	}
	for i := range row.columns.entity.Fields {
		f := &row.columns.entity.Fields[i]
		row.clearKeys(f, keys[f])
	}
}

// cleared returns the mappings whose fields a null in a column clears. A cell of some columns has one
// of two meanings; a null has both.
func (c *Columns) cleared(name string, how How) (list []mapping) {
	t := c.target(name)
	switch {
	case t.use == forVersion && !how.Versions || t.use == forReadOnly && !how.OwnIDs:
		t = c.other(name)
	case t.use == forReadOnly:
		return nil
	}
	list = append(list, t)
	if t.or != nil {
		list = append(list, *t.or)
	}
	return slices.DeleteFunc(list, func(t mapping) bool { return !t.canClear() })
}

// canClear reports whether a null in the column clears something.
func (t mapping) canClear() bool {
	switch t.use {
	case forField:
		return t.field.Default != "now"
	case forMember:
		return t.place == 0
	}
	return t.use == forReference
}

// says reports whether the row has a value for a field, or one from which it follows: an amount with
// its currency sets both, done sets its time, and the stage won the status.
func (row *rowFields) says(f *crm.Field) bool {
	if row.member(f.Name) != "" || slices.ContainsFunc(row.Lookups, func(ref Lookup) bool { return ref.Field == f }) {
		return true
	}
	if of := f.FlagOf(); of != nil {
		return row.member(of.Time) != ""
	}
	if t := f.Transition(); t != nil && f.Type.Kind() != crm.TimeKind {
		if _, follows := t.Means(Text(row.member(t.Of))); follows {
			return true
		}
	}
	for i := range row.columns.entity.Fields {
		other := &row.columns.entity.Fields[i]
		isPart := other.AmountOf() != nil && (other.AmountOf().Number == f.Name || other.AmountOf().Currency == f.Name) ||
			other.FlagOf() != nil && other.FlagOf().Time == f.Name
		if isPart && row.member(other.Name) != "" {
			return true
		}
	}
	return false
}

// clearKeys removes keys of an object, except those for which the row has a value, unless it clears the object.
func (row *rowFields) clearKeys(f *crm.Field, keys []string) {
	if len(keys) == 0 {
		return
	}
	at, known := indexOf(row.Members, f.Name), map[string]bool{}
	var members []crm.Member
	if at >= 0 {
		if members = readObject(row.Members[at].JSON); members == nil {
			return
		}
	}
	for _, m := range members {
		known[m.Name] = true
	}
	for _, key := range keys {
		if !known[key] {
			known[key], members = true, append(members, crm.Member{Name: key, JSON: "null"})
		}
	}
	if text := string(norm.AppendObject(nil, members)); at < 0 {
		row.set(f, text)
	} else {
		row.Members[at].JSON = text
	}
}

// withoutNulls returns the members of an object in a cell. Nulls remove keys, unless those of the file say nothing.
func (row *rowFields) withoutNulls(members []crm.Member) []crm.Member {
	if !row.KeepNulls {
		return members
	}
	return slices.DeleteFunc(members, func(m crm.Member) bool { return m.JSON == "null" })
}

// AddNulls adds columns in which a row says that there is no value.
func (c *Columns) AddNulls(names ...string) {
	if c.nulls == nil {
		c.nulls = map[string]bool{}
	}
	for _, name := range names {
		c.target(name)
		c.nulls[name] = true
	}
}

// NullRemark says what the nulls of the file do, under the name that these have in it; empty: there are none.
func (c *Columns) NullRemark(shown string, how How) string {
	var idle []string
	for _, name := range c.names {
		t := c.known[name]
		isKept := t.use == forID || t.use == forReadOnly || t.use == forVersion // nobody expects to clear them
		if c.nulls[name] && !isKept && len(c.cleared(name, how)) == 0 {
			idle = append(idle, fmt.Sprintf("%q", name))
		}
	}
	switch {
	case len(c.nulls) == 0:
		return ""
	case len(idle) > 0:
		return shown + " clears the field of its column, but changes nothing in " + strings.Join(idle, ", ")
	}
	return shown + " clears the field of its column"
}
