package cells

import (
	"strings"
	"unicode"

	"slices"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/crm/products"
	"crmkit/server/importer/rows"
)

// amountField returns the field that holds amounts, like "12.50 EUR", under the name of
// a column; nil if the entity has none.
func amountField(e *crm.Entity, folded string) *crm.Field {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.AmountOf() != nil && products.Fold(f.Name) == folded {
			return f
		}
	}
	return nil
}

// place returns where a cell goes. A column named amount holds "12.50 EUR" in exports of
// crmkit and a bare number in those of other products, and one named Titel may have a degree or
// a job, so the cell decides.
func (c *Columns) place(cell crm.Member) placedCell {
	p := placedCell{c.target(cell.Name), cell.Name, cell.JSON}
	if p.or != nil && !p.isFirst(Text(cell.JSON)) {
		rank := p.rank
		p.mapping = *p.or
		p.rank = rank
	}
	if p.amount == nil {
		return p
	}
	if c.isAmount(cell, p.amount) {
		p.mapping = mapping{use: forField, path: p.amount.Name, field: p.amount, rank: p.rank, exact: true, own: true}
	}
	return p
}

// isFirst reports whether a cell of a column with two meanings has the first one: it is a form of
// address or a degree, or a date. A text without a letter can be nothing but a date.
func (t mapping) isFirst(text string) bool {
	if t.field.Type.Kind() != crm.TimeKind {
		return norm.IsNamePrefix(text)
	}
	_, isDate := norm.ReadDate(text)
	return isDate || norm.IsAbsoluteTime(text) || rows.IsNothingWord(text) || !strings.ContainsFunc(text, unicode.IsLetter)
}

// isAmount reports whether a cell is written like an amount of crmkit, or is empty in a column
// with the name of the field. An amount with a decimal comma is not: 1.200 BHD beside 512,77. Its
// currency is in the cell, whatever the row names.
func (c *Columns) isAmount(cell crm.Member, f *crm.Field) bool {
	text, isText := norm.Unquote(cell.JSON)
	if !isText {
		return cell.JSON == "null" && cell.Name == f.Name
	}
	_, _, wrong := norm.ParseAmount(text)
	return wrong == "" && c.styleOf(cell, "", decimalChoice) != string(norm.DecimalComma)
}

// noteUnit notes that a cell of a column is not written like an amount of crmkit. The remarks
// about columns then say that the column became amount_cents.
func (c *Columns) noteUnit(cell crm.Member) {
	if t := c.target(cell.Name); t.amount != nil && !t.otherUnit && !c.isAmount(cell, t.amount) {
		t.otherUnit = true
		c.known[cell.Name] = t
	}
}

// oneAmount keeps one of the cells for an amount, if some have the currency and others have not:
// they are for two fields that say the same. A column with the name of a field stays, so that a
// row which contradicts itself is refused.
func (row *rowFields) oneAmount() {
	for i := range row.columns.entity.Fields {
		f := &row.columns.entity.Fields[i]
		if f.AmountOf() == nil || len(row.byField[f.Name]) == 0 {
			continue
		}
		number := f.AmountOf().Number
		if slices.ContainsFunc(row.byField[number], func(p placedCell) bool { return p.exact }) || len(row.byField[number]) == 0 {
			continue
		}
		best := func(list []placedCell) int {
			return slices.MinFunc(list, func(a, b placedCell) int { return a.rank - b.rank }).rank
		}
		other := f.Name
		if best(row.byField[f.Name]) < best(row.byField[number]) {
			other = number
		}
		row.leave(row.byField[other]...)
		delete(row.byField, other)
	}
}

// currencyField returns the field that names the currency of a record; nil if it has none.
func currencyField(e *crm.Entity) *crm.Field {
	for i := range e.Fields {
		if e.Fields[i].Type == fieldtype.Currency {
			return &e.Fields[i]
		}
	}
	return nil
}
