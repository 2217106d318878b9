package render

import (
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// appendJSON appends the answer as one JSON object.
func (d *Response) appendJSON(b []byte) []byte {
	switch {
	case d.Raw != nil && d.Raw.Name == "":
		return append(b, d.Raw.Body...)
	case d.Error != nil:
		return append(d.appendErrorJSON(b), '\n')
	}
	o := object{b: append(b, '{')}
	switch {
	case d.Bulk != nil && d.Line == nil:
		d.Bulk.members(&o)
	case d.Receipts != nil:
		d.Receipts.members(&o)
		d.Part.members(&o, d.Receipts)
	case d.Raw != nil:
		o.text(d.Raw.Name, d.Raw.Body)
	case d.Line != nil:
		d.Line.members(&o, new([]Field))
		if d.Name != "" {
			o.items(d.Name, d.Items)
		}
		if d.Result != "" && d.Line.HeadKey != "result" {
			o.text("result", d.Result)
		}
		d.Bulk.members(&o)
	default:
		o.items("items", d.Items)
		d.Page.members(&o)
		if d.Groups != nil {
			o.groups(d.Groups)
		}
	}
	o.textIfSet("change", d.Change)
	if len(d.Remarks) > 0 {
		o.texts("remarks", d.Remarks)
	}
	if d.DryRun {
		if len(d.Changed) > 0 {
			changes := ChangesField(d.Changed)
			o.key(changes.Name)
			o.b = changes.appendJSON(o.b)
		}
		o.raw("dry_run", "true")
		o.textIfSet("confirm", d.Confirm)
	}
	return append(o.b, "}\n"...)
}

// object is a JSON object under construction.
type object struct {
	b    []byte
	open bool // it has a member, so the next one needs a comma
}

// key appends the name of the next member.
func (o *object) key(name string) {
	if o.open {
		o.b = append(o.b, ',')
	}
	o.open = true
	o.b = append(norm.AppendQuoted(o.b, name), ':')
}

// text appends a member that is a string.
func (o *object) text(name, s string) {
	o.key(name)
	o.b = norm.AppendQuoted(o.b, s)
}

// raw appends a member whose value is valid JSON already.
func (o *object) raw(name, json string) {
	o.key(name)
	o.b = append(o.b, json...)
}

// texts appends a member that is a list of strings.
func (o *object) texts(name string, list []string) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, s := range list {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = norm.AppendQuoted(o.b, s)
	}
	o.b = append(o.b, ']')
}

// items appends a member that is a list of items.
func (o *object) items(name string, lines []Item) {
	o.key(name)
	o.b = append(o.b, '[')
	var buffer []Field
	for i := range lines {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		item := object{b: append(o.b, '{')}
		lines[i].members(&item, &buffer)
		o.b = append(item.b, '}')
	}
	o.b = append(o.b, ']')
}

// groups appends the counts of a list of several kinds.
func (o *object) groups(groups []Group) {
	o.key("groups")
	o.b = append(o.b, '[')
	for i, g := range groups {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		one := object{b: append(o.b, '{')}
		one.text("type", g.Kind)
		one.raw("shown", strconv.Itoa(g.Shown))
		one.raw("total", strconv.FormatInt(g.Total, 10))
		one.raw("total_exact", strconv.FormatBool(g.Exact))
		if g.whole() {
			one.raw("all", "null")
		} else {
			one.text("all", g.All)
		}
		o.b = append(one.b, '}')
	}
	o.b = append(o.b, ']')
}

// members appends the counts and the cursor of a page. A total that was not counted is
// null, and so is the cursor of the last page.
func (p *Page) members(o *object) {
	if p == nil {
		return
	}
	if p.Cursor != "" {
		o.text("cursor", p.Cursor)
		o.raw("more", strconv.FormatBool(p.More))
		return
	}
	total, exact, next := "null", "false", "null"
	if p.Counted {
		total = strconv.FormatInt(p.Total, 10)
	}
	if p.Counted && p.Exact {
		exact = "true"
	}
	if p.Next != "" {
		next = `"` + p.Next + `"`
	}
	o.raw("total", total)
	o.raw("total_exact", exact)
	o.raw("next_cursor", next)
}

// members appends the item's fields. The label of a reference is nested: company.name is
// {"company":{"name":…}}, or null if the reference is unset.
func (l *Item) members(o *object, buffer *[]Field) {
	if l.HeadKey != "" {
		o.text(l.HeadKey, l.Head)
	}
	fields := l.fields(buffer)
	for i := range fields {
		f := &fields[i]
		outer, inner, nested := strings.Cut(f.Name, ".")
		switch {
		case f.Text:
		case !nested || f.Column:
			o.key(f.Name)
			o.b = f.appendJSON(o.b)
		case !f.Value.Set():
			o.raw(outer, "null")
		default:
			o.key(outer)
			o.b = append(norm.AppendQuoted(append(o.b, '{'), inner), ':')
			o.b = append(f.appendJSON(o.b), '}')
		}
	}
}

// appendJSON appends the field's value.
func (f *Field) appendJSON(b []byte) []byte {
	v := f.Value
	switch v.Kind {
	case crm.TextKind:
		return f.appendTextJSON(b)
	case crm.IntKind:
		return strconv.AppendInt(b, v.Int, 10)
	case crm.TimeKind:
		if f.Millis {
			return append(appendMillis(append(b, '"'), v.Int), '"')
		}
		return appendSeconds(b, v.Int)
	case crm.RefKind:
		return norm.AppendQuoted(b, f.ID)
	case crm.FlagKind:
		return strconv.AppendBool(b, v.Int != 0)
	case crm.ObjectKind:
		return appendObject(b, v.Members())
	case crm.ListKind:
		return norm.AppendStrings(b, v.List())
	}
	return append(b, "null"...)
}

// appendObject appends the members as one JSON object. Values are as they are stored, with
// invisible characters escaped.
func appendObject(b []byte, members []crm.Member) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(norm.AppendQuoted(b, m.Name), ':')
		b = norm.AppendJSON(b, m.JSON)
	}
	return append(b, '}')
}

// appendSeconds appends a quoted RFC 3339 time in UTC, to the second.
func appendSeconds(b []byte, ms int64) []byte {
	return append(appendSecond(append(b, '"'), ms), `Z"`...)
}

// appendMillis appends an RFC 3339 time in UTC, to the millisecond, without quotes.
func appendMillis(b []byte, ms int64) []byte {
	part := time.UnixMilli(ms).Nanosecond() / int(time.Millisecond)
	return append(appendSecond(b, ms), '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10), 'Z')
}

// appendSecond appends a time in UTC to the second, without an offset.
func appendSecond(b []byte, ms int64) []byte {
	return appendTwo(append(appendMinute(b, ms), ':'), time.UnixMilli(ms).UTC().Second())
}

// appendErrorJSON appends the error of the answer as one JSON object.
func (d *Response) appendErrorJSON(b []byte) []byte {
	o := object{b: append(b, '{')}
	errorMembers(&o, d.Error)
	if d.Receipts != nil {
		d.Receipts.members(&o)
	}
	if !d.Part.isWhole(d.Receipts) {
		d.Part.members(&o, d.Receipts)
	}
	d.Bulk.members(&o)
	if len(d.Remarks) > 0 {
		o.texts("remarks", d.Remarks)
	}
	return append(o.b, '}')
}

// errorMembers appends the members of an error.
func errorMembers(o *object, e *crm.Error) {
	o.text("error", string(e.Code))
	o.text("hint", e.Hint)
	if e.Field != "" {
		o.text("field", e.Field)
	}
	if len(e.Allowed) > 0 {
		o.texts("allowed", e.Allowed)
	}
	if e.DidYouMean != "" {
		o.text("did_you_mean", e.DidYouMean)
	}
	if e.Confirm != "" {
		o.text("confirm", e.Confirm)
	}
	if e.LocalCode != "" {
		o.text("local_code", e.LocalCode)
	}
	for _, c := range e.Counts {
		if c.Deleted > 0 {
			o.raw(c.Of.Plural, strconv.FormatInt(c.Deleted, 10))
		}
		if c.Unlinked > 0 {
			o.raw(c.Of.Plural+"_unlinked", strconv.FormatInt(c.Unlinked, 10))
		}
	}
	if e.Record != nil {
		o.key("record")
		record := object{b: append(o.b, '{')}
		line := Record(*e.Record, nil)
		line.members(&record, new([]Field))
		o.b = append(record.b, '}')
	}
}
