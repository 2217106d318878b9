package importer

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// mapping is the field to which the values of a column go.
type mapping struct {
	path     string     // as remarks name it; empty: the values are left out
	field    *crm.Field // of the entity
	refField *crm.Field // of the record that the reference field points to; nil: its id
	key      string     // of a custom value; field is the object that holds it
	id       bool       // it is the id of the record in the source
	readOnly bool       // the server sets it, like created_at; field is nil if the entity does not have it
	part     int        // of a value that is spread over several columns, like a name, from 1
	rank     int        // among the columns for a field, of which the lowest rank that is set wins
	exact    bool       // the column has the name of the field
	own      bool       // and its spelling, as in exports of crmkit

	amount    *crm.Field // the field of the column's name that holds amounts like "12.50 EUR"
	otherUnit bool       // a cell of the column was not written like that, so the other fields of the mapping apply
}

// columns maps the columns of a file by their names. A name is looked up once, when
// it is first seen, so the order of names is that of the file.
type columns struct {
	entity  *crm.Entity
	product *products.Product // whose export the file is; nil: of none that is known
	custom  *crm.Field        // the object for columns that no field matches; nil: the entity has none
	known   map[string]mapping
	names   []string // those seen, in order
	styles  map[string]*style
}

func newColumns(e *crm.Entity) *columns {
	c := &columns{entity: e, known: map[string]mapping{}, styles: map[string]*style{}}
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type == fieldtype.Object && !f.ReadOnly {
			c.custom = f
		}
	}
	return c
}

// target returns the mapping of a column.
func (c *columns) target(name string) mapping {
	t, found := c.known[name]
	if !found {
		t = c.find(name)
		c.known[name] = t
		c.names = append(c.names, name)
	}
	return t
}

// find matches a name with the block of the product whose export the file is, then with the
// fields, with references, and with the names in any sheet. So Title is a form of address in
// an export of Outlook, and a job elsewhere. A name that matches nothing goes into the custom
// object, so that no column is lost.
func (c *columns) find(name string) mapping {
	folded := products.Fold(name)
	if t, found := c.alias(c.product, name); found {
		t.amount = amountField(c.entity, folded)
		return t
	}
	for i := range c.entity.Fields {
		f := &c.entity.Fields[i]
		switch {
		case products.Fold(f.Name) != folded || f.AmountOf() != nil:
		case f.IsIdentity():
			return mapping{path: "id", id: true, exact: true}
		case !f.ReadOnly:
			return mapping{path: f.Name, field: f, exact: true, own: f.Name == name}
		case f.Name == name:
			return mapping{readOnly: true, field: f}
		}
	}
	for i := range c.entity.Fields {
		if t, found := c.reference(&c.entity.Fields[i], folded); found {
			return t
		}
	}
	if t, found := c.alias(&products.General, name); found {
		t.rank += generalRank
		t.amount = amountField(c.entity, folded)
		return t
	}
	if c.custom == nil {
		return mapping{}
	}
	key, own := strings.CutPrefix(name, c.custom.Name+".")
	if !own {
		key = name
	}
	return mapping{path: c.custom.Name + "." + norm.Quote(key), field: c.custom, key: key}
}

// reference matches a name with a reference, by its path alone or with a field that
// finds a record: company, company.domain.
func (c *columns) reference(f *crm.Field, folded string) (mapping, bool) {
	if !f.IsReference() {
		return mapping{}, false
	}
	to := c.entity.Target(f)
	for i, name := range []string{to.LabelField, to.Keys.Unique} {
		of := to.Field(name)
		if of != nil && (folded == products.Fold(f.Path()+name) || i == 0 && folded == products.Fold(f.Path())) {
			if f.ReadOnly {
				return mapping{readOnly: true}, true
			}
			return mapping{path: f.Path() + "." + of.Name, field: f, refField: of, exact: true}, true
		}
	}
	return mapping{}, false
}

// alias matches a name with a block of the table of other products' names; a nil block names
// nothing. The rank keeps the order of the block among columns for one field.
func (c *columns) alias(block *products.Product, name string) (mapping, bool) {
	at, known := block.Lookup(c.entity.Name, name)
	if !known {
		return mapping{}, false
	}
	t, found := c.resolve(at.Path)
	t.rank = at.Rank
	return t, found
}

// nameParts are the parts of a name in the order in which they are joined.
var nameParts = []string{"prefix", "given", "middle", "family", "suffix"}

// resolve returns the mapping of a path of the table; false if the entity has no such field.
func (c *columns) resolve(path string) (t mapping, found bool) {
	t = mapping{path: path}
	head, tail, dotted := strings.Cut(path, ".")
	switch part := slices.Index(nameParts, tail); {
	case path == "id":
		t.id = true
		return t, true
	case dotted && part >= 0:
		t.path, t.field, t.part = head, c.entity.Field(head), part+1
	case dotted && c.custom != nil && head == c.custom.Name:
		t.field, t.key = c.custom, tail
	case dotted:
		if t.field = c.entity.Field(head + "_id"); t.field != nil {
			t.refField = c.entity.Target(t.field).Field(tail)
		}
		return t, t.refField != nil
	default:
		t.field = c.entity.Field(path)
	}
	return t, t.field != nil
}

// generalRank is added to the ranks of the general block, after those of a product.
const generalRank = 1000

// identify reports whether any column can identify a record. A file without one was probably
// sent without its line of column names.
func (c *columns) identify() bool {
	for _, name := range c.names {
		if t := c.known[name]; t.id || t.field != nil && t.key == "" && !t.readOnly {
			return true
		}
	}
	return false
}

// remarks say how columns were read whose names are not those of fields. They come before the
// rows, so that a person can stop an import that was understood wrongly.
func (c *columns) remarks() (list []string) {
	read, left := c.readAs()
	if len(read) > 0 {
		list = append(list, "columns: "+strings.Join(read, "; "))
	}
	if len(left) > 0 {
		list = append(list, "columns left out, because "+c.entity.Plural+" have no custom fields: "+strings.Join(left, ", "))
	}
	return list
}

// readAs returns the columns with their fields, the parts of one value together, and the
// columns that are left out.
func (c *columns) readAs() (read, left []string) {
	joined := map[string][]string{}
	for _, name := range c.names {
		if t := c.known[name]; t.part > 0 {
			joined[t.path] = append(joined[t.path], fmt.Sprintf("%q", name))
		}
	}
	for _, name := range c.names {
		t := c.known[name]
		switch {
		case t.path == "" && !t.readOnly:
			left = append(left, fmt.Sprintf("%q", name))
		case t.amount != nil && t.amount.Name == name && !t.otherUnit:
		case t.path == "" || products.Fold(t.path) == products.Fold(name) || t.id && t.exact:
		case t.part > 0 && len(joined[t.path]) > 0:
			read = append(read, strings.Join(joined[t.path], "+")+" -> "+t.path)
			joined[t.path] = nil
		case t.part == 0:
			read = append(read, fmt.Sprintf("%q -> %s", name, t.path))
		}
	}
	return read, left
}
