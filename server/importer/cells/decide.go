package cells

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// DecideStyles decides how each group of each column is written: as its own cells show, else as the
// other groups of the column do if these agree, else as the request states, else as the other
// columns of the file if these agree. Amounts in a currency with fewer than three decimals need
// nothing of this (see hasThousands); for them only the request decides what their cells do not. The error names the column, the rows, and the parameter
// that would decide.
func (c *Columns) DecideStyles(stated map[string]string) *crm.Error {
	for _, ch := range []*choice{decimalChoice, datesChoice} {
		if fault := c.decide(ch, stated[ch.param]); fault != nil {
			return fault
		}
	}
	return nil
}

func (c *Columns) decide(ch *choice, stated string) *crm.Error {
	shown := map[string]bool{} // in all columns
	for _, name := range c.names {
		s := c.styles[name]
		if s == nil || s.choice != ch {
			continue
		}
		if fault := s.contradiction(name, stated); fault != nil {
			return fault
		}
		for _, value := range s.shown() {
			shown[value] = true
		}
	}
	common := stated
	if len(shown) == 1 && stated == "" {
		for value := range shown {
			common = value
		}
	}
	for _, name := range c.names {
		if s := c.styles[name]; s != nil && s.choice == ch {
			if fault := s.close(name, common, stated); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// shown returns the values that the groups of a column show, each once.
func (s *columnStyle) shown() (values []string) {
	for _, g := range s.groups {
		if g.value != "" && !slices.Contains(values, g.value) {
			values = append(values, g.value)
		}
	}
	return values
}

// close decides the groups that show nothing. One whose amounts have no three decimals needs no
// style, unless the request states it.
func (s *columnStyle) close(column, common, stated string) *crm.Error {
	shown := s.shown()
	if len(shown) == 1 {
		common = shown[0]
	}
	for _, g := range s.groups {
		switch {
		case g.value != "":
			g.fixed = g.value == stated
			continue
		case g.hasThousands():
			g.value, g.fixed = stated, stated != ""
			continue
		}
		g.fixed = stated != "" && common == stated
		if g.value = common; g.value == "" && len(g.open) > 0 {
			return s.undecided(column, g)
		}
	}
	return nil
}

// contradiction is the error of a column in which a group is written in two ways, or all are in
// another way than the request states.
func (s *columnStyle) contradiction(column, stated string) *crm.Error {
	ch := s.choice
	for _, g := range s.groups {
		if g.other.row.N > 0 {
			return crm.Errorf(crm.InvalidValue, "the column %s is written in two ways: row %s has %s, row %s has %s. Write all of its rows%s in one way and send the file again; nothing was saved.",
				norm.Quote(column), g.shown.row, norm.Quote(g.shown.text), g.other.row, norm.Quote(g.other.text), g.suffix(" in ")).On(ch.param)
		}
	}
	if shown := s.shown(); stated == "" || len(shown) != 1 || shown[0] == stated {
		return nil
	}
	g := s.groups[slices.IndexFunc(s.groups, func(g *style) bool { return g.value != "" })]
	return crm.Errorf(crm.InvalidValue, "%s=%s states %s, but row %s has %s in the column %s. Leave %s= out; nothing was saved.",
		ch.param, stated, ch.named(stated), g.shown.row, norm.Quote(g.shown.text), norm.Quote(column), ch.param).On(ch.param)
}

// suffix returns the currency of a group behind a word, and nothing for a group without one.
func (s *style) suffix(word string) string {
	if s.unit == "" {
		return ""
	}
	return word + norm.Quote(s.unit)
}

// undecided is the error of a group that can be read in two ways.
func (s *columnStyle) undecided(column string, g *style) *crm.Error {
	ch, also := s.choice, ""
	if rows := g.open[1:]; len(rows) > 0 {
		numbers := make([]string, len(rows))
		for i, at := range rows {
			numbers[i] = at.row.String()
		}
		if g.more {
			numbers = append(numbers, "…")
		}
		also = " (also row " + strings.Join(numbers, ", ") + ")"
	}
	why := "no other row shows which"
	if len(s.shown()) > 1 {
		why = "no other amount" + cmp.Or(g.suffix(" in "), " without a currency") + " shows which; other currencies in the column are written in both"
	}
	return crm.Errorf(crm.InvalidValue, "row %s has %s in the column %s, which can be read in two ways%s, and %s. Send the file again with %s=%s for %s, or %s=%s for %s; nothing was saved.",
		g.open[0].row, norm.Quote(g.open[0].text), norm.Quote(column), also, why, ch.param, ch.values[0], ch.words[0], ch.param, ch.values[1], ch.words[1]).On(ch.param)
}

// StyleRemarks say how a column is read that another reader might read otherwise, and which
// amounts are in dollars because nothing says in what.
func (c *Columns) StyleRemarks() (list []string) {
	for _, name := range c.names {
		s := c.styles[name]
		if s == nil {
			continue
		}
		if parts := s.readAs(); len(parts) > 0 {
			list = append(list, norm.Quote(name)+" is read with "+strings.Join(parts, "; "))
		}
		if s.bare.N > 0 && (len(c.currencies) == 0 || s.beside != "") {
			list = append(list, norm.Quote(name)+" names no currency in row "+s.bare.String()+", so amounts without one are in USD; to state another add a column "+cmp.Or(s.beside, "currency"))
		}
	}
	return list
}

// readAs says for each style of a column which amounts have it, and which row shows it, and of which
// only the sign of thousands is known. Of a column with one style that nobody reads otherwise it
// says nothing.
func (s *columnStyle) readAs() (parts []string) {
	shown := s.shown()
	for _, value := range shown {
		var at sighting
		var units []string
		doubtful := value == string(norm.DecimalComma) || len(shown) > 1
		for _, g := range s.groups {
			if g.value != value {
				continue
			}
			units = append(units, cmp.Or(g.suffix(""), "amounts without a currency"))
			doubtful = doubtful || len(g.open) > 0
			if g.shown.row.N > 0 && (at.row.N == 0 || g.shown.row.N < at.row.N) {
				at = g.shown
			}
		}
		if !doubtful {
			continue
		}
		part := s.choice.named(value)
		if len(shown) > 1 {
			part += " in " + strings.Join(units[:min(len(units), maxUnits)], ", ")
		}
		if at.row.N > 0 {
			part += fmt.Sprintf(", as row %s shows", at.row)
		}
		parts = append(parts, part)
	}
	return append(parts, s.thousands()...)
}

// thousands says which amounts are read with a sign of thousands before three digits, since nothing
// but their currency shows that it is one.
func (s *columnStyle) thousands() (parts []string) {
	for _, g := range s.groups {
		if g.value == "" && len(g.open) > 0 && len(parts) < maxUnits {
			parts = append(parts, fmt.Sprintf("thousands before three digits%s, as in row %s, %s", g.suffix(" in "), g.open[0].row, norm.Quote(g.open[0].text)))
		}
	}
	return parts
}

// maxUnits is how many currencies a remark names.
const maxUnits = 10
