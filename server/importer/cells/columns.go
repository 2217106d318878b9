package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
)

// mapping says what the cells of a column are for.
type mapping struct {
	use      use
	path     string     // as remarks name it; empty: the values are left out
	field    *crm.Field // of the entity
	refField *crm.Field // of the record that the reference field points to; nil: its id
	key      string     // of an object field, or of a name
	value    string     // of the field, of which the column speaks
	place    int        // of an address: 0 for the first
	line     int        // the row of the table
	rank     int        // among the columns for a field, of which the lowest rank that is set wins
	exact    bool       // the column has the name of the field
	own      bool       // and its spelling, as in exports of crmkit

	member  *declared.Member // of the key, if it is declared; nil: anything goes
	isMoney bool             // the cells are amounts as people write them, of which member has the number

	or        *mapping   // for cells that are no form of address and no degree; nil: all are alike
	amount    *crm.Field // the field of the column's name that holds amounts like "12.50 EUR"
	otherUnit bool       // a cell of the column was not written like that, so the other fields of the mapping apply
}

// use is the kind of a mapping.
type use int

const (
	forNothing      use = iota // no field takes the cells, and there is no place for others
	forField                   // its value, or a part of it
	forID                      // the id of the record in the source
	forReadOnly                // the server sets it, like created_at; field is nil if the entity does not have it
	forVersion                 // the version that the record must have
	forReference               // finds the record that the field refers to
	forAnyReference            // is the id of a record of whatever kind
	forMember                  // the value of a key of an object
	forName                    // a part of the name in the field
	forCallingCode             // of the phone number in the field
	forClock                   // the time of day of the time in the field
	forFlag                    // yes means that the field has the value
	forHint                    // only records with the value in the field have the column
	forText                    // a line of the field, under the name of the column
)

// Columns maps the columns of a file by their names. A name is looked up once, when
// it is first seen, so the order of names is that of the file.
type Columns struct {
	Product  *products.Product // whose export the file is; nil: of none that is known. Both are set before a column is added
	Declared *declared.Kind    // the fields of the workspace; nil: none

	entity *crm.Entity
	custom *crm.Field // the object for columns that no field matches; nil: the entity has none
	text   *crm.Field // then they are lines of this field; nil: they are left out
	known  map[string]mapping
	names  []string // those seen, in order
	styles map[string]*columnStyle
	every  map[string]bool // the names in all products' blocks; nil until they are needed
	ways   map[string]*way // where the values of each column went in the rows of a sample
	ownIDs bool            // those rows are an export of crmkit

	versions bool // and their column version has that of the record

	currencies []string        // the columns that name the currency of their row
	nulls      map[string]bool // the columns in which a row says that there is no value
}

// New returns the columns of a file with records of an entity.
func New(e *crm.Entity) *Columns {
	c := &Columns{entity: e, known: map[string]mapping{}, styles: map[string]*columnStyle{}}
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type == fieldtype.Object && !f.ReadOnly {
			c.custom = f
		}
	}
	if f := e.Field("body"); c.custom == nil && f != nil && f.Type == fieldtype.Text {
		c.text = f
	}
	return c
}

// Add adds columns, if they are new.
func (c *Columns) Add(names ...string) {
	for _, name := range names {
		c.target(name)
	}
}

// Names returns the columns in the order in which they were added.
func (c *Columns) Names() []string { return c.names }

// IDsOf returns the entity whose ids a column holds, nil if it holds none.
func (c *Columns) IDsOf(column string) *crm.Entity {
	switch t := c.target(column); {
	case t.use == forID:
		return c.entity
	case t.use == forReference && t.refField == nil:
		return c.entity.Target(t.field)
	}
	return nil
}

// target returns the mapping of a column.
func (c *Columns) target(name string) mapping {
	t, found := c.known[name]
	if !found {
		t = c.find(name)
		c.known[name] = t
		c.names = append(c.names, name)
		if t.use == forField && t.field.Type == fieldtype.Currency {
			c.currencies = append(c.currencies, name)
		}
	}
	return t
}

// find matches a name with the block of the product whose export the file is, then with the
// fields, with references, and with the names in any sheet. So Title is a form of address in
// an export of Outlook, and a job elsewhere. A name that matches nothing goes into the custom
// object, so that no column is lost.
func (c *Columns) find(name string) mapping {
	folded := products.Fold(name)
	if key := c.Declared.KeyOfColumn(name); key != "" && c.custom != nil {
		return c.declaredKey(key)
	}
	if t, found := c.alias(c.Product, name); found {
		t.amount = amountField(c.entity, folded)
		return t
	}
	for i := range c.entity.Fields {
		f := &c.entity.Fields[i]
		switch {
		case products.Fold(f.Name) != folded || f.AmountOf() != nil:
		case f.IsIdentity():
			return mapping{use: forID, path: "id", exact: true}
		case f.IsReference() && !f.ReadOnly:
			return mapping{use: forReference, path: f.Name, field: f, exact: true}
		case !f.ReadOnly:
			return mapping{use: forField, path: f.Name, field: f, exact: true, own: f.Name == name}
		case name == crm.FieldVersion:
			return mapping{use: forVersion, path: name, field: f, exact: true}
		case f.Name == name:
			return mapping{use: forReadOnly, field: f}
		}
	}
	if t, found := c.addressPart(name); found {
		return t
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
	return c.other(name)
}

// addressPart matches a name with a part of an address under its own name, like address.city.
func (c *Columns) addressPart(name string) (mapping, bool) {
	field, part, dotted := strings.Cut(name, ".")
	if f := c.entity.Field(field); !dotted || f == nil || f.Type != fieldtype.Address || !slices.Contains(fieldtype.AddressParts, part) {
		return mapping{}, false
	}
	return c.resolveMember(field, part)
}

// generalRank is added to the ranks of the general block, after those of a product.
const generalRank = 1000

// other returns the mapping of a column that no field matches.
func (c *Columns) other(name string) mapping {
	switch {
	case c.custom != nil:
		key := strings.TrimPrefix(name, c.custom.Name+".")
		return mapping{use: forMember, path: c.custom.Name + "." + norm.Quote(key), field: c.custom, key: key}
	case c.text != nil:
		return mapping{use: forText, path: c.text.Name, field: c.text, rank: 2 * generalRank}
	}
	return mapping{}
}

// reference matches a name with a reference, by its path alone or with a field that
// finds a record: company, company.domain.
func (c *Columns) reference(f *crm.Field, folded string) (mapping, bool) {
	if !f.IsReference() {
		return mapping{}, false
	}
	to := c.entity.Target(f)
	for i, name := range []string{to.LabelField, to.Keys.Unique} {
		of := to.Field(name)
		if of != nil && (folded == products.Fold(f.Path()+name) || i == 0 && folded == products.Fold(f.Path())) {
			if f.ReadOnly {
				return mapping{use: forReadOnly}, true
			}
			return mapping{use: forReference, path: f.Path() + "." + of.Name, field: f, refField: of, exact: true}, true
		}
	}
	return mapping{}, false
}

// alias matches a name with a block of the table of column names. The rank keeps the order of
// the block among columns for one field.
func (c *Columns) alias(block *products.Product, name string) (mapping, bool) {
	at, known := block.Lookup(c.entity.Name, name)
	if !known {
		return mapping{}, false
	}
	t, found := c.resolve(at.Path)
	t.rank, t.line = at.Rank, at.Row
	return t, found
}

// Identified reports whether a column has ids of the rows, or their unique values.
func (c *Columns) Identified() bool {
	return slices.ContainsFunc(c.names, func(name string) bool {
		t := c.known[name]
		m := c.Declared.Member(t.key)
		return t.use == forID || t.use == forField && t.field.Name == c.entity.Keys.Unique || t.use == forMember && m != nil && m.Of.Unique
	})
}

// Identify reports whether any column can identify a record. A file without one was probably
// sent without its line of column names.
func (c *Columns) Identify() bool {
	return slices.ContainsFunc(c.names, func(name string) bool { return c.known[name].identifies() })
}

// HasVersions reports whether a column has the versions of records.
func (c *Columns) HasVersions() bool { return c.known[crm.FieldVersion].use == forVersion }

// Knows reports whether a name is that of a field, or of a column of any product. It adds nothing.
func (c *Columns) Knows(name string) bool {
	if c.every == nil {
		c.every = products.Names(c.entity.Name)
	}
	return c.find(name).identifies() || c.every[products.Fold(name)]
}

// identifies reports whether the column can tell which record a row is about.
func (t mapping) identifies() bool {
	switch t.use {
	case forField, forID, forReference, forAnyReference, forName:
		return true
	}
	return false
}
