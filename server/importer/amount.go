package importer

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

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
	text, isText := norm.Unquote(cell.JSON)
	_, _, wrong := norm.ParseAmount(text)
	if isText && wrong == "" || cell.JSON == "null" && cell.Name == p.spells.Name {
		p.columnMapping = columnMapping{path: p.spells.Name, field: p.spells, exact: true, own: true}
		return p
	}
	p.foreign = true
	c.known[cell.Name] = p.columnMapping
	return p
}

// cellNumber returns a whole number. A column of the field's own name holds it as it
// is; another product's holds an amount of money, in the currency's unit.
func cellNumber(f *crm.Field, t columnMapping, text, currency string) (string, bool, *crm.Error) {
	if t.exact {
		return text, true, nil
	}
	if currency == "" {
		currency = "USD"
	}
	number, ok := toMinorUnits(text, norm.Decimals(currency))
	if !ok {
		return "", false, crm.Errorf(crm.InvalidValue, "%s is no amount in %s; write it like 1234.50, with at most %d decimals, or use a column %s.",
			norm.Quote(text), norm.Quote(currency), norm.Decimals(currency), f.Name).On(f.Name)
	}
	return number, true, nil
}

// toMinorUnits reads an amount in a currency's unit and returns it in the smallest one.
// A separator is of thousands when it stands more than once, when the other stands
// behind it or, a comma, when three digits follow.
func toMinorUnits(text string, decimals int) (number string, ok bool) {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" '’\u00a0\u202f$€£¥₹", r) {
			return -1
		}
		return r
	}, text)
	text, negative := strings.CutPrefix(text, "-")
	whole, fraction := text, ""
	if i := strings.LastIndexAny(text, ".,"); i >= 0 {
		sign, others := text[i:i+1], strings.ContainsAny(text[:i], ".,")
		thousands := strings.Count(text, sign) > 1 || sign == "," && !others && len(text)-i-1 == 3
		if !thousands {
			whole, fraction = text[:i], text[i+1:]
		}
	}
	if !isGrouped(whole) || strings.Trim(fraction, "0123456789") != "" {
		return "", false
	}
	whole = strings.NewReplacer(",", "", ".", "").Replace(whole)
	for len(fraction) > decimals && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if whole == "" || strings.Trim(whole, "0123456789") != "" || len(fraction) > decimals {
		return "", false
	}
	number = strings.TrimLeft(whole+fraction+strings.Repeat("0", decimals-len(fraction)), "0")
	switch {
	case number == "":
		return "0", true
	case negative:
		return "-" + number, true
	}
	return number, true
}

// isGrouped reports whether the separators of a whole number are of one kind and part
// it into groups of digits as people write them: two or three behind the first.
func isGrouped(whole string) bool {
	if strings.Contains(whole, ",") && strings.Contains(whole, ".") {
		return false
	}
	groups := strings.FieldsFunc(whole, func(r rune) bool { return r == ',' || r == '.' })
	for i, group := range groups {
		if i > 0 && (len(group) < 2 || len(group) > 3) || i == len(groups)-1 && i > 0 && len(group) != 3 {
			return false
		}
	}
	return true
}
