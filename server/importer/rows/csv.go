package rows

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// csvRows reads CSV with a comma, semicolon or tab between the cells: spreadsheets write
// semicolons in countries where the comma separates decimals.
type csvRows struct {
	cells   *csvCells
	columns []string
	remarks []string
	n       int
}

// newCSVRows reads the line of column names.
func newCSVRows(in *File, known func(string) bool) (Reader, error) {
	header := findHeader(in, known)
	c := &csvRows{cells: &csvCells{in: in, separator: header.separator, line: header.line - 1}, remarks: header.remarks()}
	_, _ = in.Discard(header.offset)
	cells, err := c.cells.record(0)
	switch {
	case err != nil:
		return nil, err
	case c.cells.fault != nil:
		return nil, c.cells.fault
	case c.cells.count > crm.MaxColumns:
		return nil, crm.Errorf(crm.InvalidValue, "the file has %d columns; the maximum is %d. Remove the columns that you do not need.", c.cells.count, crm.MaxColumns)
	}
	c.columns = columnNames(cells, c.cells.count)
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

func (c *csvRows) Remarks() []string { return c.remarks }

func (*csvRows) Format() Format { return CSVFormat }

// Next returns the next row. A row with a stray quote or too many cells is an error of that row
// alone; after any other error nothing more can be read.
func (c *csvRows) Next() (Row, error) {
	c.n++
	r := Row{N: c.n}
	cells, err := c.cells.record(c.n)
	if err != nil {
		return r, err
	}
	r.Size = c.cells.size
	if r.Fault = c.cells.fault; r.Fault != nil {
		return r, nil
	}
	for _, cell := range cells {
		text := cellValue(cell.text)
		if text == "" {
			continue
		}
		if cell.at >= len(c.columns) {
			r.Cells, r.Fault = nil, crm.Errorf(crm.InvalidValue, "the row has %d cells, but there are %d columns; put cells that contain the separator in quotes.", c.cells.count, len(c.columns))
			return r, nil
		}
		r.Cells = append(r.Cells, crm.Member{Name: c.columns[cell.at], JSON: norm.QuoteJSON(text)})
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
