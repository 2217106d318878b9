package cells

import (
	"strconv"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// Numbers and dates are written in ways that only a whole column shows: 1.200 is 1200 beside
// 512,77, and 03/04/2026 is in April beside 30/07/2026. The survey reads all cells of a column
// and decides once how they are written. A column that stays open is refused with the parameter
// that states it, because a guess would make an amount a thousand times too small.

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

// CheckStyle refuses a value of decimal= or dates= that is not known; empty states nothing.
func CheckStyle(param, value string) *crm.Error {
	for _, ch := range []*choice{decimalChoice, datesChoice} {
		if ch.param == param && value != "" && value != ch.values[0] && value != ch.values[1] {
			return crm.Errorf(crm.InvalidValue, "%s=%s: write %s=%s for %s, or %s=%s for %s.", param, norm.Quote(value), param, ch.values[0], ch.words[0], param, ch.values[1], ch.words[1]).On(param)
		}
	}
	return nil
}

// style is how the cells of a column are written, and which of them show it.
type style struct {
	choice *choice
	value  string   // empty: undecided
	shown  sighting // where it is shown; row 0: the request or another column says so
	other  sighting // the first cell that shows the other value; row 0: none
	open   sighting // the first cell that can be read in two ways; row 0: none
	bare   int      // the first row whose number names no currency; 0: none
}

// sighting is a cell of a column.
type sighting struct {
	row  int
	text string
}

// addOpen adds a cell that can be read in two ways.
func (s *style) addOpen(at sighting) {
	if s.open.row == 0 {
		s.open = at
	}
}

// add adds a cell that shows a value, or nothing, which is the empty value.
func (s *style) add(shows string, at sighting) {
	switch {
	case shows == "":
	case s.value == "":
		s.value, s.shown = shows, at
	case shows != s.value && s.other.row == 0:
		s.other = at
	}
}

// Learn adds a cell to what is known of its column.
func (c *Columns) Learn(cell crm.Member, row int) {
	c.noteUnit(cell)
	t := c.target(cell.Name)
	if t.use != forField { // the cell is saved as it is written
		return
	}
	text, isText := norm.Unquote(cell.JSON)
	switch {
	case !isText: // a number of JSON has a decimal point
	case t.field.Type == fieldtype.Integer && !t.exact:
		if n, ok := norm.ReadNumber(text); ok {
			s := c.style(cell.Name, decimalChoice)
			if s.add(string(n.Decides()), sighting{row, text}); n.Ambiguous() {
				s.addOpen(sighting{row, text})
			}
			if n.Currency == "" && n.Symbol == "" && s.bare == 0 {
				s.bare = row
			}
		}
	case t.field.Type.Kind() == crm.TimeKind:
		if d, ok := norm.ReadDate(text); ok {
			s := c.style(cell.Name, datesChoice)
			if s.add(string(d.Decides()), sighting{row, text}); d.Ambiguous() {
				s.addOpen(sighting{row, text})
			}
		}
	}
}

// style returns what is known of a column, and makes it when the first cell is read.
func (c *Columns) style(column string, ch *choice) *style {
	s := c.styles[column]
	if s == nil {
		s = &style{choice: ch}
		c.styles[column] = s
	}
	return s
}

// DecideStyles decides how each column is written: as its own cells show, else as the request
// states, else as the other columns of the file if these agree. The error names the column, the
// rows, and the parameter that would decide.
func (c *Columns) DecideStyles(stated map[string]string) *crm.Error {
	for _, ch := range []*choice{decimalChoice, datesChoice} {
		if fault := c.decide(ch, stated[ch.param]); fault != nil {
			return fault
		}
	}
	return nil
}

func (c *Columns) decide(ch *choice, stated string) *crm.Error {
	shown := map[string]bool{}
	for _, name := range c.names {
		s := c.styles[name]
		if s == nil || s.choice != ch || s.value == "" {
			continue
		}
		if fault := s.contradiction(name, stated); fault != nil {
			return fault
		}
		shown[s.value] = true
	}
	common := stated
	if len(shown) == 1 && stated == "" {
		for value := range shown {
			common = value
		}
	}
	for _, name := range c.names {
		s := c.styles[name]
		if s == nil || s.choice != ch || s.value != "" {
			continue
		}
		if s.value = common; s.value == "" && s.open.row > 0 {
			return s.undecided(name)
		}
	}
	return nil
}

// contradiction is the error of a column whose cells are written in two ways, or in another way
// than the request states.
func (s *style) contradiction(column, stated string) *crm.Error {
	ch := s.choice
	switch {
	case s.other.row > 0:
		return crm.Errorf(crm.InvalidValue, "the column %s is written in two ways: row %d has %s, row %d has %s. Write all of its rows in one way and send the file again; nothing was saved.",
			norm.Quote(column), s.shown.row, norm.Quote(s.shown.text), s.other.row, norm.Quote(s.other.text)).On(ch.param)
	case stated != "" && s.value != stated:
		return crm.Errorf(crm.InvalidValue, "%s=%s states %s, but row %d has %s in the column %s. Leave %s= out; nothing was saved.",
			ch.param, stated, ch.named(stated), s.shown.row, norm.Quote(s.shown.text), norm.Quote(column), ch.param).On(ch.param)
	}
	return nil
}

// undecided is the error of a column that can be read in two ways.
func (s *style) undecided(column string) *crm.Error {
	ch := s.choice
	return crm.Errorf(crm.InvalidValue, "row %d has %s in the column %s, which can be read in two ways, and no other row shows which. Send the file again with %s=%s for %s, or %s=%s for %s; nothing was saved.",
		s.open.row, norm.Quote(s.open.text), norm.Quote(column), ch.param, ch.values[0], ch.words[0], ch.param, ch.values[1], ch.words[1]).On(ch.param)
}

// StyleRemarks say how a column is read that another reader might read otherwise, and which
// amounts are in dollars because nothing says in what.
func (c *Columns) StyleRemarks() (list []string) {
	for _, name := range c.names {
		s := c.styles[name]
		if s == nil {
			continue
		}
		if s.value != "" && (s.open.row > 0 || s.value == string(norm.DecimalComma)) {
			remark := norm.Quote(name) + " is read with " + s.choice.named(s.value)
			if s.shown.row > 0 {
				remark += ", as row " + strconv.Itoa(s.shown.row) + " shows"
			}
			list = append(list, remark)
		}
		if s.bare > 0 && !c.hasCurrency() {
			list = append(list, norm.Quote(name)+" names no currency in row "+strconv.Itoa(s.bare)+", so amounts without one are in USD; to state another add a column currency")
		}
	}
	return list
}

// hasCurrency reports whether a column has the currency of each row.
func (c *Columns) hasCurrency() bool {
	for _, name := range c.names {
		if f := c.known[name].field; f != nil && f.Type == fieldtype.Currency {
			return true
		}
	}
	return false
}

// styleOf returns how the cells of a column are written; empty if nothing is known.
func (c *Columns) styleOf(column string, ch *choice) string {
	if s := c.styles[column]; s != nil && s.choice == ch {
		return s.value
	}
	return ""
}
