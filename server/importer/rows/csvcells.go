package rows

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// csvCells splits CSV (RFC 4180) into cells. It is not encoding/csv, because files need more than
// that has: an error that names the line where a quote opened, cells like ="0123", blanks beside
// quotes, and a bound on the cells of a record.
type csvCells struct {
	in         *File
	separator  byte
	line       int        // the number of the last line that was read
	start      int        // the number of the line in which the record begins
	text       []byte     // the lines of the record
	pos        int        // in text
	size       int        // bytes of the record
	count      int        // cells of the record
	afterBlank bool       // a blank line comes before the record
	fault      *crm.Error // of the record: a stray quote; the records after it can be read
	value      []byte     // of the last quoted cell
}

// maxCells is how many cells of a record are kept. The others are counted.
const maxCells = crm.MaxColumns + 1

// csvCell is a cell with a value, and its place in the record.
type csvCell struct {
	at   int
	line int
	text string
}

// record returns the cells of the next record that have a value, and io.EOF after the last.
// Lines without any cell are skipped. n is the number of the row, for errors.
func (c *csvCells) record(n int) (cells []csvCell, err error) {
	c.text, c.pos, c.count, c.fault, c.afterBlank = c.text[:0], 0, 0, nil, false
	for len(bytes.TrimRight(c.text, "\n")) == 0 {
		c.in.row()
		c.afterBlank = len(c.text) > 0
		c.text, c.size = c.text[:0], 0
		if err := c.readLine(n); err != nil {
			return nil, err
		}
		c.start = c.line
	}
	for more := true; more; c.count++ {
		var cell csvCell
		cell.line = c.line
		if cell.text, more, err = c.cell(n); err != nil {
			return nil, err
		}
		if cell.at = c.count; cell.text != "" && len(cells) < maxCells {
			cells = append(cells, cell)
		}
	}
	return cells, nil
}

// readLine appends the next line of row n to the text of the record.
func (c *csvCells) readLine(n int) error {
	start := len(c.text)
	for {
		part, err := c.in.ReadSlice('\n')
		c.text, c.size = append(c.text, part...), c.size+len(part)
		switch {
		case c.size > crm.MaxRow:
			return longRow(n)
		case err == nil || err == io.EOF && len(c.text) > start:
			c.line++
			return nil
		case err != bufio.ErrBufferFull:
			return readError(n, err, TruncatedHint)
		}
	}
}

// cell reads the cell at the position. more reports whether another one comes after it.
func (c *csvCells) cell(n int) (text string, more bool, err error) {
	rest := c.text[c.pos:]
	if quote := bytes.TrimLeft(rest, " "); len(quote) > 0 && quote[0] == '"' {
		c.pos = len(c.text) - len(quote) + 1
		return c.quoted(n)
	}
	end := bytes.IndexByte(rest, c.separator)
	if more = end >= 0; !more {
		end = len(rest)
	}
	c.pos += min(end+1, len(rest))
	text = string(bytes.TrimSpace(rest[:end]))
	if _, is := formulaText(text); !is && strings.IndexByte(text, '"') >= 0 && c.fault == nil {
		c.fault = crm.Errorf(crm.InvalidValue, "line %d has a quote in a cell that is not in quotes, %s; put the cell in quotes, and write each quote in it twice.", c.line, norm.Quote(text))
	}
	return text, more, c.checkText(text)
}

// quoted reads the rest of a cell in quotes, which may have several lines.
func (c *csvCells) quoted(n int) (text string, more bool, err error) {
	c.value = c.value[:0]
	for opened := c.line; ; {
		rest := c.text[c.pos:]
		end := bytes.IndexByte(rest, '"')
		if end < 0 {
			c.value = append(c.value, rest...)
			c.text, c.pos = c.text[:0], 0
			if err := c.readLine(n); err != nil {
				return "", false, unclosedQuote(opened, err)
			}
			continue
		}
		c.value = append(c.value, rest[:end]...)
		if c.pos += end + 1; c.pos < len(c.text) && c.text[c.pos] == '"' {
			c.value = append(c.value, '"')
			c.pos++
			continue
		}
		if more, err = c.closeQuote(opened); err != nil {
			return "", false, err
		}
		text = string(bytes.TrimSpace(c.value))
		return text, more, c.checkText(text)
	}
}

// closeQuote reads what comes after a closing quote: blanks, then a separator or the end of the
// record.
func (c *csvCells) closeQuote(opened int) (more bool, err error) {
	rest := bytes.TrimLeft(c.text[c.pos:], " ")
	if len(rest) == 0 || rest[0] == '\n' {
		return false, nil
	}
	if rest[0] != c.separator {
		return false, crm.Errorf(crm.InvalidValue, "the quote that opens in line %d is closed in line %d before %s. If it was not closed where it should be, close it; otherwise write a quote inside a quoted cell twice. Nothing was saved.",
			opened, c.line, norm.Quote(string(bytes.TrimSpace(wholeRunes(rest[:min(len(rest), 30)])))))
	}
	c.pos = len(c.text) - len(rest) + 1
	return true, nil
}

// unclosedQuote is the error for a record that ended, or became too long, in a quoted cell.
func unclosedQuote(opened int, err error) error {
	if err == io.EOF {
		return crm.Errorf(crm.InvalidValue, "the quote that opens in line %d is never closed; close it. A quote inside a quoted cell is written twice. Nothing was saved.", opened)
	}
	fault, is := err.(*crm.Error)
	if !is || fault.Code != crm.InvalidValue {
		return err
	}
	return crm.Errorf(crm.InvalidValue, "a row has more than the maximum of %d bytes; the quote that opens in line %d is closed too late, or never. Close it, or shorten the row; nothing was saved.", crm.MaxRow, opened)
}

// checkText refuses a cell that is not UTF-8.
func (c *csvCells) checkText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return notUTF8(c.line, []byte(text))
}
