package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query"
)

// placedCell is a cell with its mapping.
type placedCell struct {
	mapping
	name, json string
}

// How says how the rows of a file are read.
type How struct {
	Env    query.Env // the schema, the workspace, and the time at which the rows are read
	OwnIDs bool      // they are an export of crmkit, in which a column like created_at has the value of the field of that name
	Key    string    // the column that identifies the rows; empty: their ids do

	Versions  bool // a column version has that of the record; otherwise it is one like others
	KeepNulls bool // nulls in objects change nothing

	// Shows reports whether the record will show an id; nil: it will. Any other id is kept, like
	// a cell without a field.
	Shows func(id string) bool

	aside map[string]string // gets the columns whose cell went elsewhere than into their field, with where it went; nil: nobody asks
}

// Row is what a row of a file says.
type Row struct {
	ID        string       // of the record in its source
	CreatedAt string       // when the record was created, if the row is of crmkit's own export
	Version   int64        // that the record must have; 0: any
	Lookups   []Lookup     // the records that it refers to
	AnyID     string       // of a record of some kind that it refers to, in the source
	Members   []crm.Member // the values of the entity's own fields, in the form of a body
	Set       []crm.Input  // values of fields that clients cannot write
}

// rowFields are the cells of a row, sorted by what they are for.
type rowFields struct {
	Row
	How
	columns *Columns
	cells   []crm.Member            // all of them
	stated  string                  // the currency that the row names in a column of its own
	byField map[string][]placedCell // cells that make the value of a field
	added   []addedItems            // what the lists of further values get
	anyID   []placedCell            // ids of records of whatever kind
	keys    []crm.Member            // values of keys of custom
	rest    []crm.Member            // cells that no field takes, under the names of their columns
}

// Read returns what the cells of a row say. nulls are the columns in which it says that there is no
// value.
func (c *Columns) Read(cells []crm.Member, nulls []string, how How) (Row, *crm.Error) {
	row := &rowFields{How: how, columns: c, cells: cells, stated: c.currencyIn(cells), byField: map[string][]placedCell{}}
	for _, cell := range cells {
		p := c.place(crm.Member{Name: cell.Name, JSON: withoutGuard(cell.JSON)})
		if p.use == forVersion && !how.Versions {
			p.use = forReadOnly
		}
		if !how.OwnIDs && p.isNothing() {
			continue
		}
		if fault := p.checkDigits(); fault != nil {
			return row.Row, fault
		}
		if fault := row.add(p); fault != nil {
			return row.Row, fault
		}
	}
	row.takeAnyID()
	if fault := row.merge(); fault != nil {
		return row.Row, fault
	}
	if fault := row.refusePlanned(cells); fault != nil {
		return row.Row, fault
	}
	row.addClosed()
	row.Members = row.withRest()
	row.clear(nulls)
	return row.Row, nil
}

// add sorts a cell.
func (row *rowFields) add(p placedCell) (fault *crm.Error) {
	switch {
	case p.use == forReadOnly && row.OwnIDs:
		fault = row.setField(p)
	case p.use == forID:
		row.addID(p)
	case p.use == forVersion:
		fault = row.setVersion(p)
	case p.use == forReference:
		row.addReference(p)
	case p.use == forAnyReference:
		row.anyID = append(row.anyID, p)
	case p.use == forNothing && leftList(p):
		fault = row.refuseLeft(p)
	case p.use == forReadOnly || p.use == forNothing:
		row.leave(p)
	default:
		row.byField[p.field.Name] = append(row.byField[p.field.Name], p)
	}
	if p.name == row.Key {
		row.ID = row.columns.formOf(Text(p.json))
	}
	return fault
}

// leave keeps a cell that no field takes.
func (row *rowFields) leave(cells ...placedCell) {
	for _, p := range cells {
		if row.aside != nil {
			row.setAside(p, row.columns.other(p.name).path)
		}
	}
	row.keepToo(cells...)
}

// setAside notes that the cell of a column went elsewhere than into the field that it is for.
func (row *rowFields) setAside(p placedCell, path string) {
	if row.aside != nil && p.use != forText && p.use != forMember && path != "" {
		row.aside[p.name] = path
	}
}

// keepToo keeps a cell as it was written, of which a field has taken what it can.
func (row *rowFields) keepToo(cells ...placedCell) {
	for _, p := range cells {
		name := p.name
		if row.columns.custom != nil {
			name = strings.TrimPrefix(name, row.columns.custom.Name+".")
		}
		row.rest = append(row.rest, crm.Member{Name: name, JSON: p.json})
	}
}

// addReference adds a cell about a reference to the lookups of the row. What finds no record is
// kept: a second name, and a web site that many companies share.
func (row *rowFields) addReference(p placedCell) {
	if row.isPersonOfCompany(p) {
		if p = row.asPerson(p); p.field == nil {
			row.leave(p)
			return
		}
	}
	isAnswer := p.refField != nil && row.columns.entity.Keys.Unique != "" && p.refField.Type == fieldtype.Text && !row.OwnIDs && answerOf(p) != isNothing // whether it is a customer, not which
	if isAnswer || row.isWebsite(p) || !row.addLookup(p) {
		row.leave(p)
	}
}

// merge makes the members of the entity's fields from the cells for each, the preferred one first.
// All are sorted before any is read, since the amount depends on the cell that will be the currency.
func (row *rowFields) merge() *crm.Error {
	for _, list := range row.byField {
		slices.SortStableFunc(list, func(a, b placedCell) int { return a.rank - b.rank })
	}
	row.oneAmount()
	for i := range row.columns.entity.Fields {
		f := &row.columns.entity.Fields[i]
		list := row.byField[f.Name]
		if len(list) == 0 {
			continue
		}
		if fault := row.mergeField(f, row.outcome(f, list)); fault != nil {
			return fault
		}
	}
	row.setAdded()
	return nil
}

// mergeField makes the member of a field from its cells, the preferred one first.
func (row *rowFields) mergeField(f *crm.Field, list []placedCell) *crm.Error {
	switch {
	case len(list) == 0:
	case f == row.columns.custom:
		return row.mergeKeys(list)
	case f.Type.Kind() == crm.ObjectKind:
		row.mergeAddress(f, list)
	case f == row.columns.text:
		row.mergeText(f, list)
	case f.Type.Kind() == crm.ListKind:
		return row.mergeList(f, list)
	case slices.ContainsFunc(list, func(p placedCell) bool { return p.use == forName }):
		row.mergeName(f, list)
	case f.Others != "" && !row.OwnIDs:
		return row.mergeOthers(f, list)
	default:
		return row.mergeFirst(f, row.withClock(list))
	}
	return nil
}

// set adds the member of a field.
func (row *rowFields) set(f *crm.Field, json string) {
	row.Members = append(row.Members, crm.Member{Name: f.Name, JSON: json})
}

// mergeFirst takes the first cell. The others are kept.
func (row *rowFields) mergeFirst(f *crm.Field, list []placedCell) *crm.Error {
	if len(list) == 0 {
		return nil
	}
	first, c := list[0], row.columns
	written := crm.Member{Name: first.name, JSON: first.json}
	row.leave(list[1:]...)
	currency := row.currency()
	decimal, fault := c.decimalOf(written, row.stated)
	if fault != nil {
		return fault.On(f.Name)
	}
	cell, fault := f.Type.DecodeCell(f, crm.Cell{JSON: row.translate(f, first), Exact: first.exact, Own: first.own, Currency: currency,
		Decimal: decimal, Dates: norm.DateOrder(c.styleOf(written, "", datesChoice))})
	if fault != nil {
		return fault
	}
	if !cell.Whole {
		row.keepToo(first)
	}
	row.set(f, cell.JSON)
	if field := currencyField(c.entity); field != nil && cell.Currency != "" && currency == "" {
		row.set(field, norm.QuoteJSON(cell.Currency))
	}
	return nil
}

// setField reads a field that clients cannot write, from an export of crmkit: the time of
// creation, by which records are recognised, and times that a change of another field set,
// like the time at which a task was done.
func (row *rowFields) setField(p placedCell) *crm.Error {
	text := Text(p.json)
	switch {
	case p.name == crm.FieldCreatedAt:
		row.CreatedAt = text
	case p.field != nil && p.field.Transition() != nil && p.json != "null":
		v, fault := row.Env.Normal(p.field, text)
		if fault != nil {
			return fault
		}
		if v.Set() {
			row.Set = append(row.Set, crm.Input{Field: p.field, Value: v})
		}
	}
	return nil
}

// Text returns a JSON value as text; a number or an object is its own text.
func Text(json string) string {
	if text, ok := norm.Unquote(json); ok {
		return text
	}
	return json
}

// withoutGuard returns a cell without the invisible character that some products, such as Twenty,
// write before a text which a spreadsheet would run as a formula: +33 789012345.
func withoutGuard(json string) string {
	text, _ := norm.Unquote(json)
	rest, guarded := strings.CutPrefix(text, "\u200d")
	if !guarded || rest == "" || !strings.ContainsRune("=+-@\t\r", rune(rest[0])) {
		return json
	}
	return norm.QuoteJSON(rest)
}

// formOf returns the one form of an id that the product writes in several.
func (c *Columns) formOf(id string) string {
	if c.Product == nil || c.Product.ID == nil {
		return id
	}
	return c.Product.ID(id)
}

// currency returns the currency that the row names in the preferred cell for it, which the record
// gets; "" if it names none.
func (row *rowFields) currency() string {
	f := currencyField(row.columns.entity)
	if f == nil || len(row.byField[f.Name]) == 0 {
		return ""
	}
	if code := strings.ToUpper(strings.TrimSpace(Text(row.translated(f, row.byField[f.Name][0])))); norm.IsCurrency(code) {
		return code
	}
	return ""
}
