package rows

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// csvRows reads CSV with a comma, semicolon or tab between the cells: spreadsheets write
// semicolons in countries where the comma separates decimals.
type csvRows struct {
	columns []string
	width   int    // how many of them are cells of the file
	group   string // the column for the title of the group
	null    string // the cell that says that there is no value; empty: none does
	remarks []string
	groups  groups
	n       int
}

// newCSVRows reads the line of column names.
func newCSVRows(in *File, known func(string) bool, null string) (Reader, error) {
	header := findHeader(in, known)
	head, _ := in.Peek(sniffSize)
	titled, title := firstGroup(header, head)
	if title != "" {
		header.above = header.above[:len(header.above)-1]
	}
	_, _ = in.Discard(header.offset)
	cells := &csvCells{in: in, separator: header.separator, line: header.line - 1}
	names, err := cells.record(0)
	switch {
	case err != nil:
		return nil, err
	case cells.fault != nil:
		return nil, cells.fault
	case cells.count > crm.MaxColumns:
		return nil, crm.Errorf(crm.InvalidValue, "the file has %d columns; the maximum is %d. Remove the columns that you do not need.", cells.count, crm.MaxColumns)
	}
	width := cells.count
	all := columnNames(append(slices.Clone(names), csvCell{at: width, text: groupColumn}), width+1)
	c := &csvRows{columns: all[:width], width: width, group: all[width], null: null, remarks: header.remarks(), groups: groups{cells: cells, names: names, titled: titled, title: title}}
	if title != "" {
		c.columns = all
	}
	return c, nil
}

// columnNames returns a name for each column, all different: a column without one is
// numbered, and so is one that repeats a name. Otherwise the later of two columns would
// replace the values of the first.
func columnNames(cells []csvCell, count int) []string {
	names := make([]string, count)
	for _, cell := range cells {
		names[cell.at] = cell.text
	}
	seen := map[string]int{}
	for i, name := range names {
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s %d", name, seen[name])
		}
		names[i] = name
	}
	return names
}

func (c *csvRows) Columns() []string { return c.columns }

func (c *csvRows) Remarks() []string {
	list := slices.Clone(c.remarks)
	if c.groups.repeated > 0 {
		list = append(list, fmt.Sprintf("lines that repeat the column names are left out: %d", c.groups.repeated))
	}
	if len(c.groups.footer) > 0 {
		list = append(list, c.groups.footerRemark())
	}
	return list
}

func (*csvRows) Format() Format { return CSVFormat }

// Next returns the next row. A row with a stray quote or too many cells is an error of that row
// alone; after any other error nothing more can be read.
func (c *csvRows) Next() (Row, error) {
	c.n++
	r := Row{N: c.n}
	record := c.groups.next(c.n)
	if record.err != nil {
		return r, record.err
	}
	r.Size, r.Line = record.size, unless(c.n+1, record.line)
	if r.Fault = record.fault; r.Fault != nil {
		return r, nil
	}
	for _, cell := range record.cells {
		text := cellValue(cell.text)
		if strings.TrimSpace(text) == "" {
			continue
		}
		if cell.at >= c.width {
			r.Cells, r.Nulls, r.Fault = nil, nil, crm.Errorf(crm.InvalidValue, "the row has %d cells, but there are %d columns; put cells that contain the separator in quotes.", record.count, c.width)
			return r, nil
		}
		if cell.text == c.null {
			r.Nulls = append(r.Nulls, c.columns[cell.at])
			continue
		}
		r.Cells = append(r.Cells, crm.Member{Name: c.columns[cell.at], JSON: norm.QuoteJSON(text)})
	}
	if c.groups.title != "" && len(r.Cells) > 0 {
		r.Cells = append(r.Cells, crm.Member{Name: c.group, JSON: norm.QuoteJSON(c.groups.title)})
	}
	return r, nil
}

// cellValue returns the value of a cell: without the escapes that an export of crmkit has, and
// without what keeps a spreadsheet from changing a number: an apostrophe before it, or ="…".
func cellValue(cell string) string {
	if text, is := formulaText(cell); is {
		return text
	}
	return render.ReadCell(cell)
}

// formulaText returns the text in a cell like ="0123".
func formulaText(cell string) (text string, is bool) {
	text, is = strings.CutPrefix(cell, `="`)
	if !is {
		return "", false
	}
	text, is = strings.CutSuffix(text, `"`)
	return strings.TrimSpace(text), is && !strings.Contains(text, `"`)
}
