package importer

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// columnMapping is where the values of a column go.
type columnMapping struct {
	path   string     // as remarks name it; empty: nowhere
	field  *crm.Field // of the entity
	of     *crm.Field // of what the reference field points to; its id where it is nil
	key    string     // of a custom value, with field being the object
	id     bool       // the id that the record has where it comes from
	server bool       // what the server itself keeps, like created_at; the field, if it is one
	part   int        // of a value in several columns, from 1
	rank   int        // among columns for the same: the lowest that is set counts
	exact  bool       // the column has the name of the field
	own    bool       // and is written like it, as exports of crmkit are

	spells  *crm.Field // the field of the name, which spells an amount; the others say where else it goes
	foreign bool       // a cell of it was no spelled amount
}

// columns finds the targets of the columns of an import, by their names.
type columns struct {
	entity *crm.Entity
	custom *crm.Field // the object that takes what is unknown; nil: none does
	known  map[string]columnMapping
	names  []string // those seen, in order
}

func newColumns(e *crm.Entity) *columns {
	c := &columns{entity: e, known: map[string]columnMapping{}}
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type == crm.Object && !f.ReadOnly {
			c.custom = f
		}
	}
	return c
}

// target returns where a column goes.
func (c *columns) target(name string) columnMapping {
	t, found := c.known[name]
	if !found {
		t = c.find(name)
		c.known[name] = t
		c.names = append(c.names, name)
	}
	return t
}

// find matches a name with fields, then with what they point to, then with the names
// other products have for them; what is left is custom.
func (c *columns) find(name string) columnMapping {
	folded := crm.FoldColumn(name)
	for i := range c.entity.Fields {
		f := &c.entity.Fields[i]
		switch {
		case crm.FoldColumn(f.Name) != folded || f.Type == crm.Spelled:
		case f.Type == crm.ID || f.Type == crm.Handle:
			return columnMapping{path: "id", id: true, exact: true}
		case !f.ReadOnly:
			return columnMapping{path: f.Name, field: f, exact: true, own: f.Name == name}
		case f.Name == name:
			return columnMapping{server: true, field: f}
		}
	}
	for i := range c.entity.Fields {
		if t, found := c.through(&c.entity.Fields[i], folded); found {
			return t
		}
	}
	if t, found := c.synonym(folded); found {
		t.spells = spelledColumn(c.entity, folded)
		return t
	}
	if c.custom == nil {
		return columnMapping{}
	}
	key, own := strings.CutPrefix(name, c.custom.Name+".")
	if !own {
		key = name
	}
	return columnMapping{path: c.custom.Name + "." + norm.Quote(key), field: c.custom, key: key}
}

// through matches a name with a reference, by its path alone or with a field that
// finds a record: company, company.domain.
func (c *columns) through(f *crm.Field, folded string) (columnMapping, bool) {
	if f.Type != crm.Ref {
		return columnMapping{}, false
	}
	to := c.entity.Target(f)
	for i, name := range []string{to.LabelField, to.Unique} {
		of := to.Field(name)
		if of != nil && (folded == crm.FoldColumn(f.Path()+name) || i == 0 && folded == crm.FoldColumn(f.Path())) {
			if f.ReadOnly {
				return columnMapping{server: true}, true
			}
			return columnMapping{path: f.Path() + "." + of.Name, field: f, of: of, exact: true}, true
		}
	}
	return columnMapping{}, false
}

// synonym matches a name with the table of other products' names.
func (c *columns) synonym(folded string) (columnMapping, bool) {
	for i, row := range crm.ColumnAliases {
		at := slices.IndexFunc(row.Names, func(name string) bool { return crm.FoldColumn(name) == folded })
		if row.Of != c.entity.Name || at < 0 {
			continue
		}
		t := columnMapping{path: row.Path, rank: (i+1)*100 + at} // those for one field stand in the order of the table
		head, tail, dotted := strings.Cut(row.Path, ".")
		switch {
		case row.Path == "id":
			t.id = true
		case dotted:
			t.field = c.entity.Field(head + "_id")
			t.of = c.entity.Target(t.field).Field(tail)
		default:
			t.field = c.entity.Field(row.Path)
		}
		if row.Join {
			t.part, t.rank = at+1, (i+1)*100
		}
		return t, true
	}
	return columnMapping{}, false
}

// accepts reports whether any column can say what record a row is.
func (c *columns) identify() bool {
	for _, name := range c.names {
		if t := c.known[name]; t.id || t.field != nil && t.key == "" && !t.server {
			return true
		}
	}
	return false
}

// remarks says how columns were read whose names are not those of fields.
func (c *columns) remarks() []string {
	var parts, left []string
	joined := map[string][]string{}
	for _, name := range c.names {
		if t := c.known[name]; t.part > 0 {
			joined[t.path] = append(joined[t.path], fmt.Sprintf("%q", name))
		}
	}
	for _, name := range c.names {
		t := c.known[name]
		switch {
		case t.path == "" && !t.server:
			left = append(left, fmt.Sprintf("%q", name))
		case t.spells != nil && t.spells.Name == name && !t.foreign:
		case t.path == "" || crm.FoldColumn(t.path) == crm.FoldColumn(name) || t.id && t.exact:
		case t.part > 0 && len(joined[t.path]) > 0:
			parts = append(parts, strings.Join(joined[t.path], "+")+" -> "+t.path)
			joined[t.path] = nil
		case t.part == 0:
			parts = append(parts, fmt.Sprintf("%q -> %s", name, t.path))
		}
	}
	var list []string
	if len(parts) > 0 {
		list = append(list, "columns: "+strings.Join(parts, "; "))
	}
	if len(left) > 0 {
		list = append(list, "left out, for "+c.entity.Plural+" have no custom values: "+strings.Join(left, ", "))
	}
	return list
}
