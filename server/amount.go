package server

import "crmkit/crm"

// decodeAmount reads an amount with its currency. A bare number is refused: it could be
// meant in either unit.
func decodeAmount(f *crm.Field, json string) (crm.Input, *crm.Error) {
	text, isText := crm.Unquote(json)
	n, currency, wrong := crm.ParseAmount(text)
	if isText && wrong == "" {
		return crm.Input{Field: f, Value: crm.Amount(n, currency)}, nil
	}
	if !isText {
		wrong, text = "has no currency", json
	}
	meant, _, other := crm.ParseAmount(text + " USD")
	if other != "" {
		meant = 125000
	}
	write := crm.FormatAmount(meant, "USD")
	err := crm.Errorf(crm.InvalidValue, `%s: %s %s. Write it as text with its currency, {"%s":"%s"}, or in the smallest unit: %s is %s=%d, 1250 JPY is %s=1250.`,
		f.Name, crm.ShowJSON(json), wrong, f.Name, write, write, f.AmountOf, meant, f.AmountOf).On(f.Name)
	err.DidYouMean = f.AmountOf
	return crm.Input{}, err
}

// spelledColumn returns the field of the entity that spells an amount under the name of
// a column; nil where none does.
func spelledColumn(e *crm.Entity, folded string) *crm.Field {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type == crm.Spelled && crm.FoldColumn(f.Name) == folded {
			return f
		}
	}
	return nil
}

// place returns where a cell goes. A column that spells amounts in our exports has them
// as the file's product writes them in others: what it holds decides.
func (c *columns) place(cell crm.Member) namedMember {
	p := namedMember{c.target(cell.Name), cell.Name, cell.JSON}
	if p.spells == nil {
		return p
	}
	text, isText := crm.Unquote(cell.JSON)
	_, _, wrong := crm.ParseAmount(text)
	if isText && wrong == "" || cell.JSON == "null" && cell.Name == p.spells.Name {
		p.columnMapping = columnMapping{path: p.spells.Name, field: p.spells, exact: true, own: true}
		return p
	}
	p.foreign = true
	c.known[cell.Name] = p.columnMapping
	return p
}
