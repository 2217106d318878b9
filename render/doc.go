// Package render spells an answer as text or as JSON. Both are walks over the
// same Doc; the package decides nothing about what is in it and does no I/O.
package render

import (
	"time"

	"crmkit/crm"
)

// Response is one answer.
type Response struct {
	Line    *Item      // the record or status the answer is about; nil for a list
	Status  int        // of the answer over HTTP; 0: 200, or that of Error
	Result  string     // of a write: created, updated, unchanged
	Upsert  bool       // the write makes or updates: text calls unchanged an update of nothing
	Version int64      // of the record the answer is about, for the ETag
	Changed []Change   // of an update
	Items   []Item     // the rows of a list, or lines below Line
	Name    string     // JSON key of Items below a Line
	Page    *Page      // set for lists
	Groups  []Group    // of a list that is of several kinds
	Remarks []string   // further "# " lines; JSON "remarks"
	Hints   []string   // "# " lines that repeat in words what JSON says by a field
	Error   *crm.Error // set for errors; the rest is then empty
	Raw     *Raw       // set for documents such as the manual
	Stream  *Stream    // set for answers that are made while they are sent; the rest is then empty

	Zone *time.Location // in which text prints times; nil is UTC; JSON is always in UTC
}

// Item is a head and labelled values: one line of text, one JSON object.
type Item struct {
	Head     string  // "contact/c_7k3q", "otp_sent"
	HeadKey  string  // JSON key of Head; empty: Head is in Fields too, or text only
	Fields   []Field // of a record: those behind its own
	Progress bool    // "resource: used / limit", for usage

	OneLine string // a field of the record that is not Long in this line

	rec      crm.Record // of Record
	selected []string
}

// Field is a labelled value. A dot in the name nests in JSON: company.name.
type Field struct {
	Name  string
	Value crm.Value
	Long  bool // left out of text lists
	Day   bool // bookkeeping time: text lists show the day
	JSON  bool // in JSON only: what text says otherwise
	Text  bool // in text only
	Named bool // an object whose keys are labels of their own, as in the audit
	ID    string

	Of *crm.Entity // of a Named object: knows which keys hold times; nil: none does

	Secret bool // shown once, never kept
}

// Change is a field's value before and after a write, for the receipt.
type Change struct {
	Name     string
	From, To crm.Value
	FromID   string // set for references
	ToID     string
}

// Page says how much of a list the items are.
type Page struct {
	Noun, Plural string
	Total        int64
	Exact        bool
	Counted      bool
	Next         string // cursor of the next page; empty on the last
}

// Group says how much of one kind a list shows.
type Group struct {
	Kind  string // plural
	Shown int
	Total int64
	Exact bool
	All   string // the path that lists all; empty where all are shown
}

// Raw is a document that is sent as it stands.
type Raw struct {
	Type string // media type
	Name string // JSON key for the text; empty: the body is JSON in both formats
	Body string
}

// Format is a spelling.
type Format int

// The formats.
const (
	Text Format = iota
	JSON
)

// Append appends the answer in the format.
func (d *Response) Append(b []byte, f Format) []byte {
	if f == JSON {
		return d.appendJSON(b)
	}
	return d.appendText(b)
}

// Type returns the media type of the answer in the format.
func (d *Response) Type(f Format) string {
	switch {
	case d.Stream != nil:
		return d.Stream.Type
	case d.Raw != nil && (f == Text || d.Raw.Name == ""):
		return d.Raw.Type
	case f == JSON:
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}
