package render

import (
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Receipt is the outcome of a line of a batch.
type Receipt struct {
	Line  int       // its number, from 1
	As    string    // the name that the line gives to its record; empty: none
	Doc   *Response // what the call itself would answer, or its error; nil: the line was not tried
	Needs int       // of a line that was not tried: the line that failed, whose record it needs
}

// Receipts are the outcomes of the lines of a batch, in their order.
type Receipts []Receipt

// Counts returns how many lines were done, failed, and were not tried.
func (list Receipts) Counts() (done, failed, untried int) {
	for _, r := range list {
		switch {
		case r.Doc == nil:
			untried++
		case r.Doc.Error != nil:
			failed++
		default:
			done++
		}
	}
	return done, failed, untried
}

// Short returns the receipts without changes, remarks and hints: only the records and what became of
// them, and the codes of errors.
func (list Receipts) Short() (short Receipts) {
	for _, r := range list {
		switch {
		case r.Doc == nil:
		case r.Doc.Error != nil:
			r.Doc = &Response{Error: &crm.Error{Code: r.Doc.Error.Code, Hint: "nothing of this line was saved; its hint was in the first answer only."}}
		default:
			r.Doc = &Response{Line: r.Doc.Line, Result: r.Doc.Result, Version: r.Doc.Version}
		}
		short = append(short, r)
	}
	return short
}

// Unsaved returns the receipts of a batch that was not saved: without the ids of the records that it would
// make, which other records may get. Lines, changes, remarks and errors have the names of these records
// instead, and of a record without a name the number of its line.
func (list Receipts) Unsaved() (unsaved Receipts) {
	names := unsavedNames{}
	for _, r := range list {
		if r.Doc == nil {
			unsaved = append(unsaved, r)
			continue
		}
		doc := *r.Doc
		if doc.Error != nil {
			doc.Error = names.inError(doc.Error)
		} else {
			names.inReceipt(&r, &doc)
		}
		doc.Remarks = names.inTexts(doc.Remarks)
		r.Doc = &doc
		unsaved = append(unsaved, r)
	}
	return unsaved
}

// appendText appends a line for each receipt, with its remarks below it, and the counts.
func (list Receipts) appendText(b []byte, zone *time.Location) []byte {
	for _, r := range list {
		b = r.appendText(b, zone)
	}
	return b
}

// appendText appends the receipt as a line: "3 updated deal/d_01 stage proposal -> won".
func (r *Receipt) appendText(b []byte, zone *time.Location) []byte {
	b = append(strconv.AppendInt(b, int64(r.Line), 10), ' ')
	switch {
	case r.Doc == nil:
		b = strconv.AppendInt(append(b, "not tried because "...), int64(r.Needs), 10)
		return append(b, " failed\n"...)
	case r.Doc.Error != nil:
		return appendLineErrorText(b, r.Doc.Error, zone)
	}
	if r.Doc.Line.HeadKey != "" { // it is not about one record
		b = r.Doc.Line.appendText(b, textOptions{zone: zone}, new([]Field))
		return r.appendRemarks(b)
	}
	if r.Doc.Result != deletedResult { // its line says so itself
		b = append(append(b, r.Doc.Result...), ' ')
	}
	b = append(b, r.Doc.Line.Head...)
	if r.As != "" {
		b = append(append(b, " as="...), r.As...)
	}
	if len(r.Doc.Changed) > 0 {
		b = AppendChanges(append(b, ' '), r.Doc.Changed, zone)
	}
	if r.Doc.Line.unsaved {
		b = appendValues(b, r.Doc.Line.Fields, zone)
	}
	return r.appendRemarks(append(b, '\n'))
}

// appendRemarks appends a line for each remark.
func (r *Receipt) appendRemarks(b []byte) []byte {
	for _, remark := range r.Doc.Remarks {
		b = append(strconv.AppendInt(append(b, "# "...), int64(r.Line), 10), ": "...)
		b = append(append(b, norm.OneLine(remark)...), '\n')
	}
	return b
}

// deletedResult is the Result of an answer whose line says that the record is deleted.
const deletedResult = "deleted"

// appendLineErrorText appends the error of a line on one line, and below it the present state of
// the record, if the error has it.
func appendLineErrorText(b []byte, e *crm.Error, zone *time.Location) []byte {
	b = append(append(append(b, "ERROR "...), e.Code...), ' ')
	b = append(append(b, norm.OneLine(e.Hint)...), '\n')
	if e.Record != nil {
		line := Record(*e.Record, nil)
		b = line.appendText(b, textOptions{zone: zone}, new([]Field))
	}
	return b
}

// members appends the receipts, and the number of each outcome as a member.
func (list Receipts) members(o *object) {
	o.key("lines")
	o.b = append(o.b, '[')
	for i, r := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		item := object{b: append(o.b, '{')}
		r.members(&item)
		o.b = append(item.b, '}')
	}
	o.b = append(o.b, ']')
}

// members appends the members of one receipt.
func (r *Receipt) members(o *object) {
	o.raw("line", strconv.Itoa(r.Line))
	if r.Doc == nil {
		o.raw("not_tried_because", strconv.Itoa(r.Needs))
		return
	}
	if r.Doc.Error != nil {
		errorMembers(o, r.Doc.Error)
		return
	}
	if r.Doc.Line.HeadKey != "" {
		r.Doc.Line.members(o, new([]Field))
		if len(r.Doc.Remarks) > 0 {
			o.texts("remarks", r.Doc.Remarks)
		}
		return
	}
	o.text("result", r.Doc.Result)
	if handle := r.Doc.Line.Handle(); r.Doc.Line.unsaved {
		kind, name, _ := strings.Cut(handle, "/")
		if o.text("kind", kind); name != "" {
			o.text("record", name)
		}
	} else {
		o.text("id", crm.CutHandle(handle))
		o.text("handle", handle)
	}
	if r.As != "" {
		o.text("as", r.As)
	}
	if r.Doc.Version > 0 {
		o.raw("version", strconv.FormatInt(r.Doc.Version, 10))
	}
	if len(r.Doc.Changed) > 0 {
		changes := ChangesField(r.Doc.Changed)
		o.key(changes.Name)
		o.b = changes.appendJSON(o.b)
	}
	if r.Doc.Line.unsaved {
		valueMembers(o, r.Doc.Line.Fields)
	}
	if len(r.Doc.Remarks) > 0 {
		o.texts("remarks", r.Doc.Remarks)
	}
}

// Handle returns the handle of the record that the item is about: the last word of its head, as in
// "contact/c_1" and "deleted contact/c_1".
func (l *Item) Handle() string { return l.Head[strings.LastIndexByte(l.Head, ' ')+1:] }

// textIfSet appends a member that is a string, unless it is empty.
func (o *object) textIfSet(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}
