package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
)

// nameParts are the keys of the parts of a name in the table of column names.
var nameParts = []string{"prefix", "given", "middle", "family", "suffix"}

// anyReference is the path of a column with ids of records of whatever kind.
const anyReference = "any_id"

// resolve returns the mapping of a path of the table of column names (see package products);
// found is false if the entity has no such field.
func (c *Columns) resolve(path string) (t mapping, found bool) {
	if name, value, is := strings.Cut(path, "="); is {
		return mapping{use: forFlag, path: path, field: c.entity.Field(name), value: value}, c.entity.Field(name) != nil
	}
	if first, second, is := strings.Cut(path, "|"); is {
		t, found = c.resolve(first)
		or, known := c.resolve(second)
		t.or, t.path = &or, t.path+"|"+or.path
		return t, found && known
	}
	if name, value, is := strings.Cut(path, ":"); is {
		return mapping{use: forHint, path: name + "=" + value, field: c.entity.Field(name), value: value}, c.entity.Field(name) != nil
	}
	if name, key, is := strings.Cut(path, "."); is {
		return c.resolveMember(name, key)
	}
	switch f := c.entity.Field(path); {
	case path == "id":
		return mapping{use: forID, path: path}, true
	case path == anyReference:
		names := c.ReferenceNames()
		return mapping{use: forAnyReference, path: strings.Join(names, "|")}, len(names) > 0
	case f != nil && f.IsReference():
		return mapping{use: forReference, path: path, field: f}, true
	default:
		return mapping{use: forField, path: path, field: f}, f != nil
	}
}

// resolveMember returns the mapping of a path of two parts: a key of an object, a part of a name,
// or a field of the record that is referred to.
func (c *Columns) resolveMember(name, key string) (mapping, bool) {
	t := mapping{path: name + "." + key, field: c.entity.Field(strings.TrimRight(name, "23")), key: key}
	switch f := t.field; {
	case f == nil:
		t.use, t.key, t.field = forReference, "", c.entity.Field(name+"_id")
		if t.field != nil {
			t.refField = c.entity.Target(t.field).Field(key)
		}
		return t, t.refField != nil
	case slices.Contains(nameParts, key):
		t.use, t.path = forName, name
	case f.Type.Kind() == crm.ObjectKind:
		t.use, t.place = forMember, placeOf(name)
	case key == "code" && f.Type == fieldtype.Phone:
		t.use, t.path = forCallingCode, name
	case key == "time" && f.Type.Kind() == crm.TimeKind:
		t.use, t.path = forClock, name
	default:
		return t, false
	}
	return t, true
}

// placeOf returns which address a path means: 0 for address, 1 for address2.
func placeOf(name string) int {
	switch name[len(name)-1] {
	case '2':
		return 1
	case '3':
		return 2
	}
	return 0
}

// References returns the references of the entity that a row may set.
func (c *Columns) References() (list []*crm.Field) {
	for i := range c.entity.Fields {
		if f := &c.entity.Fields[i]; f.IsReference() && !f.ReadOnly {
			list = append(list, f)
		}
	}
	return list
}

// ReferenceNames returns the names of the references that a row may set.
func (c *Columns) ReferenceNames() (names []string) {
	for _, f := range c.References() {
		names = append(names, f.Name)
	}
	return names
}
