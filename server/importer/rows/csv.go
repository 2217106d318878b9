package rows

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/render"
)

// csvRows reads CSV (RFC 4180), with a comma, semicolon or tab between the cells: spreadsheets
// write semicolons in countries where the comma separates decimals.
type csvRows struct {
	file   *File
	in     *csv.Reader
	header []string
	n      int
}

// newCSVRows reads the line of column names.
func newCSVRows(in *File) (Reader, error) {
	r := csv.NewReader(in.Reader)
	r.Comma = separator(in.Reader)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	header, err := r.Read()
	if err != nil {
		return nil, csvError(0, err)
	}
	if r.InputOffset() > crm.MaxRow {
		return nil, longRow(0)
	}
	if len(header) > crm.MaxColumns {
		return nil, crm.Errorf(crm.InvalidValue, "the file has %d columns; the maximum is %d. Remove the columns that you do not need.", len(header), crm.MaxColumns)
	}
	names, fault := columnNames(header)
	if fault != nil {
		return nil, fault
	}
	return &csvRows{file: in, in: r, header: names}, nil
}

// columnNames returns a name for each column, all different: a column without one is
// numbered, and so is one that repeats a name. Otherwise the later of two columns would
// replace the values of the first.
func columnNames(header []string) (names []string, fault *crm.Error) {
	seen := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if strings.ContainsRune(name, '\r') {
			return nil, crm.Errorf(crm.InvalidValue, "the lines end with carriage returns only; save the file with line feeds.")
		}
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s %d", name, seen[name])
		}
		names = append(names, name)
	}
	return names, nil
}

// separator returns the character between the cells: the one that a first line like
// sep=; names, which it skips, or the most frequent candidate in the line of column
// names.
func separator(in *bufio.Reader) rune {
	head, _ := in.Peek(sniffSize)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if text := strings.TrimSuffix(string(line), "\r"); len(text) == 5 && strings.EqualFold(text[:4], "sep=") && strings.ContainsAny(text[4:], ",;\t") {
		_, _ = in.Discard(len(line) + 1)
		return rune(text[4])
	}
	best, most, quoted := ',', 0, false
	counts := map[rune]int{}
	for _, c := range string(line) {
		quoted = quoted != (c == '"')
		if quoted || !strings.ContainsRune(",;\t", c) {
			continue
		}
		if counts[c]++; counts[c] > most {
			best, most = c, counts[c]
		}
	}
	return best
}

// csvError is the error for reading row n, with the line of the file if it is known.
func csvError(n int, err error) error {
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return crm.Errorf(crm.InvalidValue, "line %d cannot be read as CSV: %s; write a quote inside a quoted cell twice.", wrong.Line, norm.OneLine(wrong.Err.Error()))
	}
	return readError(n, err, TruncatedHint)
}

func (c *csvRows) Columns() []string { return c.header }

func (*csvRows) Format() Format { return CSVFormat }

// Next returns the next row. The escapes against formulas, which exports of crmkit have, are
// removed from its cells. A row with a stray quote or too many cells is an error of that row
// alone; after any other error nothing more can be read.
func (c *csvRows) Next() (Row, error) {
	c.file.row()
	before := c.in.InputOffset()
	record, err := c.in.Read()
	c.n++
	r := Row{N: c.n}
	if errors.Is(err, csv.ErrBareQuote) {
		r.Fault = csvError(c.n, err).(*crm.Error) // the reader goes on with the next line
		return r, nil
	}
	if err != nil {
		return r, csvError(c.n, err)
	}
	if r.Size = int(c.in.InputOffset() - before); r.Size > crm.MaxRow {
		return r, longRow(c.n)
	}
	for i, cell := range record {
		if !utf8.ValidString(cell) {
			line, _ := c.in.FieldPos(i)
			return r, notUTF8(fmt.Sprintf(" in line %d", line))
		}
		if cell = render.ReadCell(strings.TrimSpace(cell)); cell == "" {
			continue
		}
		if i >= len(c.header) {
			r.Fault = crm.Errorf(crm.InvalidValue, "the row has %d cells, but there are %d columns; put cells that contain the separator in quotes.", len(record), len(c.header))
			return r, nil
		}
		r.Cells = append(r.Cells, crm.Member{Name: c.header[i], JSON: string(norm.AppendQuoted(nil, cell))})
	}
	return r, nil
}
