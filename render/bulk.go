package render

import (
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Bulk is what a write does to many records.
type Bulk struct {
	Effects []Effect // those that are shown
	Counts  []Number // of all; text leaves out those that are 0, but for the first
	Next    string   // the cursor of more effects; empty: there are none
}

// Number is a labelled number.
type Number struct {
	Name string
	N    int
}

// Effect is what a write of many does to one record, or why it does nothing.
type Effect struct {
	Handle  string  // the kind alone of a record that does not exist yet
	Label   string  // the name of the record; empty: it has none
	Result  string  // created, updated, merged or deleted
	Fields  []Field // the values of a record that is created
	Changed []Change
	Kept    []Kept     // what was left as it is
	Error   *crm.Error // nil: it is done
}

// Kept is a value of a record, or a record, that a write left as it is.
type Kept struct {
	Field string // empty: the record
	Why   string
}

// appendText appends a line for each effect, and the counts: "# 412 updated, 1 failed".
func (l *Bulk) appendText(b []byte, zone *time.Location) []byte {
	if l == nil {
		return b
	}
	for i := range l.Effects {
		b = l.Effects[i].appendText(b, zone)
	}
	b = append(b, "# "...)
	for i, c := range l.Counts {
		if i > 0 && c.N == 0 {
			continue
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(strconv.AppendInt(b, int64(c.N), 10), ' '), c.Name...)
	}
	b = append(b, '\n')
	return appendMore(b, l.Next)
}

// appendText appends the effect as a line: `updated deal/d_01 "12 seats" stage lead -> won`.
func (e *Effect) appendText(b []byte, zone *time.Location) []byte {
	if e.Error != nil {
		b = append(append(append(b, "ERROR "...), e.Error.Code...), ' ')
	} else {
		b = append(append(b, e.Result...), ' ')
	}
	b = append(b, e.Handle...)
	if e.Label != "" {
		b = norm.AppendQuoted(append(b, ' '), e.Label)
	}
	switch {
	case e.Error != nil:
		b = append(append(b, ' '), norm.OneLine(e.Error.Hint)...)
	case len(e.Changed) > 0:
		b = AppendChanges(append(b, ' '), e.Changed, zone)
	}
	b = appendValues(b, e.Fields, zone)
	for i, k := range e.Kept {
		if i > 0 || e.Result != "kept" {
			b = append(b, "; kept"...)
		}
		b = append(b, ' ')
		if k.Field != "" {
			b = append(append(b, k.Field...), ": "...)
		}
		b = append(b, norm.OneLine(k.Why)...)
	}
	return append(b, '\n')
}

// members appends the effects, each count, and the cursor of the rest.
func (l *Bulk) members(o *object) {
	if l == nil {
		return
	}
	o.key("effects")
	o.b = append(o.b, '[')
	for i := range l.Effects {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		item := object{b: append(o.b, '{')}
		l.Effects[i].members(&item)
		o.b = append(item.b, '}')
	}
	o.b = append(o.b, ']')
	for _, c := range l.Counts {
		o.raw(c.Name, strconv.Itoa(c.N))
	}
	if l.Next != "" {
		o.text("next_cursor", l.Next)
	}
}

func (e *Effect) members(o *object) {
	if e.Error == nil {
		o.text("result", e.Result)
	}
	if strings.Contains(e.Handle, "/") {
		o.text("id", crm.CutHandle(e.Handle))
		o.text("handle", e.Handle)
	} else {
		o.text("kind", e.Handle)
	}
	if e.Label != "" {
		o.text("label", e.Label)
	}
	if e.Error != nil {
		errorMembers(o, e.Error)
	}
	if len(e.Changed) > 0 {
		changes := ChangesField(e.Changed)
		o.key(changes.Name)
		o.b = changes.appendJSON(o.b)
	}
	valueMembers(o, e.Fields)
	if len(e.Kept) == 0 {
		return
	}
	o.key("kept")
	o.b = append(o.b, '[')
	for i, k := range e.Kept {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		one := object{b: append(o.b, '{')}
		if k.Field != "" {
			one.text("field", k.Field)
		}
		one.text("why", k.Why)
		o.b = append(one.b, '}')
	}
	o.b = append(o.b, ']')
}

// appendValues appends the values of a record that is created, in text.
func appendValues(b []byte, fields []Field, zone *time.Location) []byte {
	for i := range fields {
		if !fields[i].JSON {
			b = fields[i].appendText(b, textOptions{inList: true, zone: zone})
		}
	}
	return b
}

// valueMembers appends the values of a record that is created, in JSON.
func valueMembers(o *object, fields []Field) {
	for i := range fields {
		if !fields[i].Text {
			o.key(fields[i].Name)
			o.b = fields[i].appendJSON(o.b)
		}
	}
}
