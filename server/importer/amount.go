package importer

import (
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// amountField returns the field that holds amounts, like "12.50 EUR", under the name of
// a column; nil if the entity has none.
func amountField(e *crm.Entity, folded string) *crm.Field {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Type == crm.Spelled && crm.FoldColumn(f.Name) == folded {
			return f
		}
	}
	return nil
}

// place returns where a cell goes. A column named amount holds "12.50 EUR" in exports of
// crmkit and a bare number in those of other products, so the cell decides.
func (c *columns) place(cell crm.Member) placedCell {
	p := placedCell{c.target(cell.Name), cell.Name, cell.JSON}
	if p.amount == nil {
		return p
	}
	text, isText := norm.Unquote(cell.JSON)
	_, _, wrong := norm.ParseAmount(text)
	if isText && wrong == "" || cell.JSON == "null" && cell.Name == p.amount.Name {
		p.mapping = mapping{path: p.amount.Name, field: p.amount, exact: true, own: true}
		return p
	}
	p.otherUnit = true
	c.known[cell.Name] = p.mapping
	return p
}

// cellNumber returns a whole number. A column with the name of the field holds it as it
// is. A column of another product holds an amount in the main unit of the currency,
// which is dollars unless the row names one.
func cellNumber(f *crm.Field, t mapping, text, currency string) (string, bool, *crm.Error) {
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

// toMinorUnits reads an amount in the main unit of a currency and returns it in the
// smallest. A comma or a point separates thousands if it occurs more than once, if the
// other one follows it, or if it is a lone comma before three digits: files with points
// for decimals are more frequent, and "1,250" is 1250 in them.
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

// isGrouped reports whether the separators of a whole number are of one kind and form
// groups as people write them: three digits in the last group, and two or three in
// those between, as in 12,34,567.
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
