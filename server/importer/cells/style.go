package cells

import (
	"cmp"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/server/importer/rows"
)

// Numbers and dates are written in ways that only a whole column shows: 1.200 is 1200 beside
// 512,77, and 03/04/2026 is in April beside 30/07/2026. The survey reads all cells of a column
// and decides once how they are written. A column that stays open is refused with the parameter
// that states it, because a guess would make an amount a thousand times too small.
//
// A column that several people or tools filled may have 1.200,00 € beside $1,200.00. The amounts in
// one currency, of the cell or else of its row, are a group with one style. A group whose own
// cells leave it open is read like the others, unless these differ.
//
// One rule is above this (decimalOf): an amount in a currency with fewer than three decimals has no
// three of them, so a sign before exactly three digits separates thousands, whatever the rest of the
// column shows. £3,500 is 3500 beside 12 500,00 €. If other amounts in the currency have it as
// their decimal sign, the row is refused; only decimal= in the request makes it 3.50. An amount that
// names no currency may have any, so it is refused where the column has that decimal sign.

// choice is one way of writing of which a column has one of two.
type choice struct {
	param  string    // that states it in the address of the request
	values [2]string // of the parameter
	words  [2]string // what each means
}

var (
	decimalChoice = &choice{"decimal", [2]string{string(norm.DecimalComma), string(norm.DecimalPoint)}, [2]string{"decimal comma", "decimal point"}}
	datesChoice   = &choice{"dates", [2]string{string(norm.DayMonthYear), string(norm.MonthDayYear)}, [2]string{"day before month", "month before day"}}
)

// named returns what a value means.
func (ch *choice) named(value string) string {
	if value == ch.values[0] {
		return ch.words[0]
	}
	return ch.words[1]
}

// other returns the other value.
func (ch *choice) other(value string) string {
	if value == ch.values[0] {
		return ch.values[1]
	}
	return ch.values[0]
}

// CheckStyle refuses a value of decimal= or dates= that is not known; empty states nothing.
func CheckStyle(param, value string) *crm.Error {
	for _, ch := range []*choice{decimalChoice, datesChoice} {
		if ch.param == param && value != "" && value != ch.values[0] && value != ch.values[1] {
			return crm.Errorf(crm.InvalidValue, "%s=%s: write %s=%s for %s, or %s=%s for %s.", param, norm.Quote(value), param, ch.values[0], ch.words[0], param, ch.values[1], ch.words[1]).On(param)
		}
	}
	return nil
}

// columnStyle is how the cells of a column are written.
type columnStyle struct {
	choice *choice
	beside string     // the column that names the currency of its amounts; empty: currency
	groups []*style   // in the order of their first cells; of dates there is one
	bare   rows.Place // the first row whose number names no currency; 0: none
}

// style is how the cells of a group are written, and which of them show it.
type style struct {
	unit  string     // the code or the sign of the currency; empty: amounts without one, dates
	value string     // of the parameter; empty: undecided
	shown sighting   // where it is shown; row 0: the request, another group or column says so
	other sighting   // the first cell that shows the other value; row 0: none
	fixed bool       // the request states the value
	open  []sighting // the first cells that can be read in two ways
	more  bool       // there are more of them
}

// maxOpen is how many cells that can be read in two ways an error names.
const maxOpen = 5

// sighting is a cell of a column.
type sighting struct {
	row  rows.Place
	text string
}

// addOpen adds a cell that can be read in two ways.
func (s *style) addOpen(at sighting) {
	if s.more = len(s.open) == maxOpen; !s.more {
		s.open = append(s.open, at)
	}
}

// add adds a cell that shows a value, or nothing, which is the empty value.
func (s *style) add(shows string, at sighting) {
	switch {
	case shows == "":
	case s.value == "":
		s.value, s.shown = shows, at
	case shows != s.value && s.other.row.N == 0:
		s.other = at
	}
}

// group returns the style of the amounts in a currency, and makes it when the first is read. There
// are no more than currencies.
func (s *columnStyle) group(unit string) *style {
	for _, g := range s.groups {
		if g.unit == unit {
			return g
		}
	}
	s.groups = append(s.groups, &style{unit: unit})
	return s.groups[len(s.groups)-1]
}

// unitOf returns the group of a number in a row that names a currency, or none.
func unitOf(n norm.WrittenNumber, ofRow string) string { return cmp.Or(n.Currency, ofRow, n.Symbol) }

// currencyIn returns the code of the currency that a row names in a column of its own.
func (c *Columns) currencyIn(cells []crm.Member) string {
	if len(c.currencies) == 0 {
		return ""
	}
	for _, cell := range cells {
		if slices.Contains(c.currencies, cell.Name) {
			if code := strings.ToUpper(strings.TrimSpace(Text(cell.JSON))); norm.IsCurrency(code) {
				return code
			}
		}
	}
	return ""
}

// Learn adds the cells of a row to what is known of their columns.
func (c *Columns) Learn(cells []crm.Member, row rows.Place) {
	currency := c.currencyIn(cells)
	for _, cell := range cells {
		unit := currency
		if t := c.target(cell.Name); t.member != nil {
			unit = c.currencyBeside(t, cells)
		}
		c.learn(cell, unit, row)
	}
}

// learn adds a cell in a row that names a currency, or none.
func (c *Columns) learn(cell crm.Member, currency string, row rows.Place) {
	c.noteUnit(cell)
	t := c.target(cell.Name)
	text, isText := norm.Unquote(cell.JSON)
	switch ch := t.choice(); {
	case !isText || ch == nil: // a number of JSON has a decimal point; other cells are saved as they are written
	case ch == decimalChoice:
		if n, ok := norm.ReadNumber(text); ok {
			s := c.style(cell.Name, decimalChoice)
			g := s.group(unitOf(n, currency))
			if g.add(string(n.Decides()), sighting{row, text}); n.Ambiguous() {
				g.addOpen(sighting{row, text})
			}
			if s.beside = t.besides(); t.isMoney && unitOf(n, currency) == "" && s.bare.N == 0 || t.member == nil && unitOf(n, "") == "" && s.bare.N == 0 {
				s.bare = row
			}
		}
	default:
		if d, ok := norm.ReadDate(text); ok {
			g := c.style(cell.Name, datesChoice).group("")
			if g.add(string(d.Decides()), sighting{row, text}); d.Ambiguous() {
				g.addOpen(sighting{row, text})
			}
		}
	}
}

// style returns what is known of a column, and makes it when the first cell is read.
func (c *Columns) style(column string, ch *choice) *columnStyle {
	s := c.styles[column]
	if s == nil {
		s = &columnStyle{choice: ch}
		c.styles[column] = s
	}
	return s
}

// styleOf returns how a cell is written, in a row that names a currency, or none; empty if nothing
// is known.
func (c *Columns) styleOf(cell crm.Member, currency string, ch *choice) string {
	if g := c.groupOf(cell, currency, ch); g != nil {
		return g.value
	}
	return ""
}

// groupOf returns the group of a cell, in a row that names a currency, or none; nil if nothing is
// known.
func (c *Columns) groupOf(cell crm.Member, currency string, ch *choice) *style {
	s := c.styles[cell.Name]
	switch {
	case s == nil || s.choice != ch || len(s.groups) == 0:
		return nil
	case len(s.groups) == 1:
		return s.groups[0]
	}
	n, _ := norm.ReadNumber(Text(cell.JSON))
	for _, g := range s.groups {
		if g.unit == unitOf(n, currency) {
			return g
		}
	}
	return nil
}

// hasThousands reports whether a sign before three digits separates thousands in the amounts of a
// group: they name a currency, and it has fewer than three decimals. That of a sign which several
// currencies share has too.
func (s *style) hasThousands() bool { return s.unit != "" && norm.Decimals(s.unit) < 3 }

// decimalOf returns the decimal sign of an amount, in a row that names a currency, or none. It
// refuses an amount that would have three decimals though its currency has fewer.
func (c *Columns) decimalOf(cell crm.Member, currency string) (norm.DecimalSign, *crm.Error) {
	g := c.groupOf(cell, currency, decimalChoice)
	text, isText := norm.Unquote(cell.JSON)
	if g == nil || !isText {
		return norm.DecimalSign(c.styleOf(cell, currency, decimalChoice)), nil
	}
	n, ok := norm.ReadNumber(text)
	switch {
	case !ok || !n.Ambiguous() || g.fixed || g.unit != "" && !g.hasThousands():
		return norm.DecimalSign(g.value), nil
	case g.value != string(n.Sign()):
		return norm.DecimalSign(decimalChoice.other(string(n.Sign()))), nil
	}
	of := decimalChoice.named(g.value)
	return "", crm.Errorf(crm.InvalidValue, "%s in the column %s can be read in two ways: the column has a %s%s, and an amount in %s does not have three decimals. Write it without a sign of thousands, or with its decimals; %s=%s reads all amounts with a %s.",
		norm.Quote(text), norm.Quote(cell.Name), of, g.suffix(" in "), cmp.Or(g.suffix(""), "most currencies"), decimalChoice.param, g.value, of)
}
