package cells

import (
	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/crm/products"
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
// crmkit and a bare number in those of other products, so the cell decides.
func (c *Columns) place(cell crm.Member) placedCell {
	p := placedCell{c.target(cell.Name), cell.Name, cell.JSON}
	if p.amount == nil {
		return p
	}
	text, isText := norm.Unquote(cell.JSON)
	_, _, wrong := norm.ParseAmount(text)
	if c.styleOf(cell.Name, decimalChoice) == string(norm.DecimalComma) {
		wrong = "is written with a decimal comma" // 1.200 BHD beside 512,77
	}
	if isText && wrong == "" || cell.JSON == "null" && cell.Name == p.amount.Name {
		p.mapping = mapping{use: forField, path: p.amount.Name, field: p.amount, exact: true, own: true}
		return p
	}
	// The remarks about columns then say that the column became amount_cents.
	p.otherUnit = true
	c.known[cell.Name] = p.mapping
	return p
}
