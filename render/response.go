// Package render turns an answer into text or JSON. Both are walks over the same Response,
// so they cannot disagree about what it says. The package decides nothing about the content
// of an answer and does no I/O.
//
// Text is read by programs that pay for every character: one labelled line for each record,
// and lines that begin with "# " for everything about them. A value never breaks a line or
// forges a label, whatever characters it has.
package render

import (
	"time"

	"crmkit/crm"
)

// Response is the content of an answer, independent of its format.
type Response struct {
	Line     *Item      // the record or status the answer is about; nil for a list
	Status   int        // of the answer over HTTP; 0: 200, or that of Error
	Result   string     // of a write: created, updated, unchanged
	Upsert   bool       // the write creates or updates: text reports unchanged as an update that changed nothing
	Version  int64      // of the record the answer is about, for the ETag
	Changed  []Change   // of an update
	Items    []Item     // the rows of a list, or lines below Line
	Name     string     // JSON key of Items if there is a Line
	Page     *Page      // set for lists
	Groups   []Group    // of a list of several kinds
	Receipts Receipts   // of the lines of a batch; those of a batch that failed come with Error
	Part     *Part      // which lines of the dry run of a batch are in Receipts; nil: all
	Bulk     *Bulk      // of a write or a dry run of several records; that of one which was not confirmed comes with Error
	Remarks  []string   // further "# " lines; JSON "remarks"
	Hints    []string   // further "# " lines that say what JSON has a field for
	Error    *crm.Error // set for errors; the other fields are then empty, but for Receipts, Part, Bulk and Remarks
	DryRun   bool       // nothing was saved, and Confirm does what the answer shows
	Confirm  string     // the token of a dry run; empty: another kind of confirmation is needed
	Change   string     // the id of the change group of a write; empty: nothing was logged
	Several  bool       // the write changed several records, so text names the change group too
	Raw      *Raw       // set for documents such as the manual
	Stream   *Stream    // set for answers that are produced while they are sent; the other fields are then empty

	Zone *time.Location // of times in text; nil is UTC. JSON is always in UTC
}

// Item is a head and labelled values. It is one line of text, or one JSON object.
type Item struct {
	Head     string  // "contact/c_7k3q", "otp_sent"
	HeadKey  string  // JSON key of Head; empty: JSON has it in Fields, or not at all
	Fields   []Field // of a record: those after its own
	Progress bool    // the line is "resource: used / limit"

	Millis  bool   // times of the record are shown with milliseconds
	OneLine string // the name of a field that is not Long in this line

	rec      crm.Record // set by Record: its fields are made when the item is printed
	unsaved  bool       // rec does not exist, so its id means nothing
	selected []string   // names of fields to print; nil: all
}

// Field is a labelled value. A dot in the name nests in JSON: company.name.
type Field struct {
	Name   string
	Value  crm.Value
	Long   bool   // not in text lists
	Day    bool   // a time of which text lists show the day
	JSON   bool   // in JSON only: text says the same in another way
	Text   bool   // in text only
	Quiet  bool   // not in text if it is 0
	Millis bool   // a time is shown with milliseconds, in UTC
	Second bool   // a time is shown to the second
	Named  bool   // an object whose keys are labels of their own, as in the audit
	ID     string // of a reference: the id of its target
	Column bool   // of a line of numbers: the name is one key in JSON, and text says (unset), no and all of a long text
	Number bool   // a text that is a number: JSON has it without quotes

	Of *crm.Entity // of a Named object: says which keys hold times; nil: none does

	Secret bool // shown once and not stored in readable form
}

// Change is a field's value before and after a write, for the receipt. An unset value is
// printed as (unset); the text "(unset)" is quoted, so the two differ.
type Change struct {
	Name     string
	From, To crm.Value
	FromID   string // set for references
	ToID     string

	Amount *Change // of the number or the currency of an amount: the same as people write it; see Preview
}

// Page says which part of a list the items are.
type Page struct {
	Noun, Plural string
	Total        int64
	Exact        bool   // else there are more than Total
	Counted      bool   // else Total is unknown
	Grouped      bool   // the items are groups of the rows
	Next         string // cursor of the next page; empty on the last
	Cursor       string // of a list that grows at its end: the place after the last item, from which a later list goes on; then there are no total and no Next
	More         bool   // items follow after Cursor already

	After   func(i int) string // the cursor after the item at i, of a list that may end earlier to stay within a budget; nil: it may not, or has no cursors
	cut     string             // what Fit has left out
	without int                // rows that Fit has left out
}

// Group says which part of one kind a list shows.
type Group struct {
	Kind  string // plural
	Shown int
	Total int64
	Exact bool
	All   string // the path that lists all, printed if not all are shown
}

// whole reports whether all of the kind are shown.
func (g *Group) whole() bool { return g.Exact && int64(g.Shown) == g.Total }

// Raw is a document that is sent unchanged.
type Raw struct {
	Type string // media type
	Name string // JSON key for the text; empty: the body is JSON in both formats
	Body string
}

// Format is a format of answers.
type Format int

// The formats.
const (
	Text Format = iota
	JSON
)

// Append appends the answer in the format. It needs no Stream: the pieces of one are sent
// as they are produced.
func (d *Response) Append(b []byte, f Format) []byte {
	if f == JSON {
		return d.appendJSON(b)
	}
	return d.appendText(b)
}

// MakeDry makes the answer to a write that of its dry run: without the id of the record that it would make.
func (d *Response) MakeDry() {
	if d.Result == "created" && d.Line != nil {
		line := d.Line.Unsaved()
		d.Line = &line
	}
	d.DryRun, d.Version, d.Status, d.Changed = true, 0, 0, Preview(d.Changed)
}

// Type returns the media type of the answer in the format. A document that is JSON in both
// formats keeps its own type.
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

// Record returns the record of which the line is; the zero Record if it is of none.
func (l *Item) Record() crm.Record { return l.rec }
