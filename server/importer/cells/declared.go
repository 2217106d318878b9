package cells

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// A column for a declared key is read as one for a built-in field of its type: numbers, amounts and dates in the
// style of the column, yes and no in the words of tables.

// declaredKey returns the mapping of a column for a declared key, or for the name of an amount, which has two keys.
func (c *Columns) declaredKey(key string) mapping {
	t := c.other(key)
	t.member = c.Declared.Member(key)
	if f := c.Declared.Field(key); t.member == nil && f != nil {
		t.member, t.isMoney = &f.Members()[0], true
	}
	return t
}

// choice returns what must be known of a column before its cells can be read; nil: nothing.
func (t mapping) choice() *choice {
	switch {
	case t.member != nil && (t.isMoney || t.member.Of.Type == declared.Number), t.use == forField && t.field.Type == fieldtype.Integer && !t.exact:
		return decimalChoice
	case t.member != nil && (t.member.Of.Type == declared.Date || t.member.Of.Type == declared.Time), t.use == forField && t.field.Type.Kind() == crm.TimeKind:
		return datesChoice
	}
	return nil
}

// besides returns the key for the currency of the amounts in a column; empty: it has no amounts of a declared field.
func (t mapping) besides() string {
	if !t.isMoney {
		return ""
	}
	return t.member.Of.Members()[1].Key
}

// currencyBeside returns the currency that a row names for a declared amount in a column of its own; "" if it names none.
func (c *Columns) currencyBeside(t mapping, cells []crm.Member) string {
	key := t.besides()
	for _, cell := range cells {
		if key != "" && c.target(cell.Name).key == key {
			if code := strings.ToUpper(strings.TrimSpace(Text(cell.JSON))); norm.IsCurrency(code) {
				return code
			}
		}
	}
	return ""
}

// mergeKey gives a key of custom the value of a cell, one of those in list. An amount beside its own number stays as it is written,
// so that a row which contradicts itself is refused.
func (row *rowFields) mergeKey(p placedCell, list []placedCell) *crm.Error {
	hasNumber := p.isMoney && slices.ContainsFunc(list, func(other placedCell) bool { return other.key == p.member.Key })
	isFlag := p.member != nil && p.member.Of.Type == declared.Flag
	if p.choice() == nil && !isFlag || hasNumber || row.OwnIDs || strings.TrimSpace(Text(p.json)) == "" {
		row.addKey(p, p.key, p.json)
		return nil
	}
	json := p.json
	if isFlag && answerOf(p) != isNothing {
		json = norm.QuoteJSON(map[bool]string{true: "true", false: "false"}[answerOf(p) == isYes])
	}
	written, currency, c := crm.Member{Name: p.name, JSON: json}, row.columns.currencyBeside(p.mapping, row.cells), row.columns
	decimal, fault := norm.DecimalSign(c.styleOf(written, "", decimalChoice)), (*crm.Error)(nil)
	if p.isMoney {
		decimal, fault = c.decimalOf(written, currency)
	}
	if fault != nil {
		return fault.On(p.path)
	}
	cell, fault := p.member.Type.DecodeCell(&p.member.Field, crm.Cell{JSON: json, Exact: !p.isMoney, Currency: currency, Decimal: decimal, Dates: norm.DateOrder(c.styleOf(written, "", datesChoice))})
	if fault != nil {
		return fault
	}
	row.addKey(p, p.member.Key, cell.JSON)
	if p.isMoney && cell.Currency != "" && currency == "" {
		row.setKey(p.besides(), norm.QuoteJSON(cell.Currency))
	}
	return nil
}

// addKey sets a key of custom, unless it is set: then the cell is kept beside it.
func (row *rowFields) addKey(p placedCell, key, json string) {
	if !row.setKey(key, json) {
		row.leave(p)
	}
}
