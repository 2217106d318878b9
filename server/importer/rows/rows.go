// Package rows reads the rows of a file: CSV, JSON lines, a JSON array, vCards. It knows how files are
// written, not what their columns mean, and it opens no file itself.
//
// A file is read once, from its beginning to its end, in constant memory: one row, whose size is
// checked while it is read. So a file may be larger than memory. A row that is wrong has a fault
// of its own where the rows after it can still be read; any other error ends the file, and it
// names the row or the line.
package rows

import (
	"fmt"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Row is one row of a file: the value of each column, as JSON.
type Row struct {
	N      int // 1 for the first
	Line   int // of the file, in which it begins; 0: as its number says, or unknown
	Cells  []crm.Member
	Nulls  []string   // the columns in which it says that there is no value
	Fault  *crm.Error // why it cannot be read; the rows after it can
	Size   int        // bytes
	Merged []string   // ids of records that were merged into it, in an exported workspace
}

// Place returns where the row is.
func (r Row) Place() Place { return Place{r.N, r.Line} }

// Place is where a row is in its file. Its line differs from its number by more than the line of
// column names if there are titles above these, blank lines, or line breaks in cells.
type Place struct {
	N    int
	Line int // 0: as the number says, or unknown
}

// String returns the number, and the line if it differs: 8 (line 10).
func (p Place) String() string {
	if p.Line == 0 {
		return strconv.Itoa(p.N)
	}
	return fmt.Sprintf("%d (line %d)", p.N, p.Line)
}

// unless returns the line of a row, 0 if it is the expected one.
func unless(expected, line int) int {
	if line == expected {
		return 0
	}
	return line
}

// Empty reports whether the row has no value. Empty rows are skipped.
func (r Row) Empty() bool { return len(r.Cells) == 0 && r.Fault == nil }

// Text returns the value of a cell as text, "" if the row does not have it. A number or an
// object is its own text.
func (r Row) Text(name string) string {
	for _, cell := range r.Cells {
		if cell.Name != name {
			continue
		}
		if text, ok := norm.Unquote(cell.JSON); ok {
			return text
		}
		return cell.JSON
	}
	return ""
}

// Reader reads rows.
type Reader interface {
	// Next returns the next row, or io.EOF after the last. After any other error nothing more
	// can be read; it is a *crm.Error if the file is wrong.
	Next() (Row, error)

	// Columns are the names in the line above the rows; nil if each row has its own.
	Columns() []string

	Format() Format

	// Remarks say what a person would want to know about how the file is read, as far as it is.
	Remarks() []string
}

// Format is how a file is written.
type Format int

// The formats that a file may have.
const (
	CSVFormat Format = iota
	LinesFormat
	ObjectsFormat // JSON objects over several lines
	ArrayFormat
	VCardFormat
)

// WithCurl is how curl sends a file as it is.
const WithCurl = "with curl use --data-binary @FILE, because -d @FILE removes line breaks"
