// Package rows reads the rows of a file: CSV, JSON lines, a JSON array, vCards. It knows how files are
// written, not what their columns mean, and it opens no file itself.
//
// A file is read once, from its beginning to its end, in constant memory: one row, whose size is
// checked while it is read. So a file may be larger than memory. A row that is wrong has a fault
// of its own where the rows after it can still be read; any other error ends the file, and it
// names the row or the line.
package rows

import (
	"crmkit/crm"
	"crmkit/crm/norm"
)

// Row is one row of a file: the value of each column, as JSON.
type Row struct {
	N     int // 1 for the first
	Cells []crm.Member
	Fault *crm.Error // why it cannot be read; the rows after it can
	Size  int        // bytes
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

	// Remarks say what a person would want to know about how the file is read.
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
