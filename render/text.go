package render

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// textOptions is how a line of text is printed.
type textOptions struct {
	inList bool           // leave out Long fields and cut long values
	zone   *time.Location // of times; nil is UTC
}

// appendText appends the answer as lines of text.
func (d *Response) appendText(b []byte) []byte {
	switch {
	case d.Raw != nil:
		return append(b, d.Raw.Body...)
	case d.Error != nil:
		b = d.appendLines(appendErrorText(b, d.Error, d.Zone))
		b = d.Bulk.appendText(b, d.Zone)
		return appendRemarks(b, d.Remarks)
	}
	if d.Line != nil {
		b = d.Line.appendText(b, textOptions{zone: d.Zone}, new([]Field))
	}
	var buffer []Field
	for i := range d.Items {
		b = d.Items[i].appendText(b, textOptions{inList: d.Page != nil, zone: d.Zone}, &buffer)
	}
	b = d.appendReceipt(b)
	b = d.Page.appendCounts(b, len(d.Items))
	for i := range d.Groups {
		b = d.Groups[i].appendText(b)
	}
	b = d.appendLines(b)
	b = d.Bulk.appendText(b, d.Zone)
	b = appendRemarks(b, slices.Concat(d.Hints, d.Remarks))
	if d.Change != "" && (d.Several || d.Receipts != nil || d.Bulk != nil) {
		b = append(append(append(b, "# change "...), d.Change...), `; undo: POST /undo {"change":"`...)
		b = append(append(b, d.Change...), "\"}\n"...)
	}
	b = d.Page.appendCursor(b)
	if d.DryRun {
		b = append(b, "# nothing was saved\n"...)
	}
	if d.DryRun && d.Confirm != "" {
		b = append(append(append(b, "# to do exactly this: repeat with confirm="...), d.Confirm...), '\n')
	}
	return b
}

// appendRemarks appends a line for each remark. A remark may quote what a user wrote, so it is
// printed as one line.
func appendRemarks(b []byte, remarks []string) []byte {
	for _, remark := range remarks {
		b = append(append(append(b, "# "...), norm.OneLine(remark)...), '\n')
	}
	return b
}

// appendReceipt appends the changes of a write: "# updated: stage lead -> customer". A deleted or purged
// record has none; its answer says so in the line itself.
func (d *Response) appendReceipt(b []byte) []byte {
	switch {
	case d.Result == "" || d.Result == "deleted" || d.Result == "purged":
		return b
	case d.Result == "unchanged" && d.Upsert:
		return append(b, "# updated: nothing changed\n"...)
	}
	b = append(append(b, "# "...), d.Result...)
	if len(d.Changed) > 0 {
		b = AppendChanges(append(b, ": "...), d.Changed, d.Zone)
	}
	return append(b, '\n')
}

// appendShort appends a value for a receipt, quoted unless it is unset.
func appendShort(b []byte, v crm.Value, id string, zone *time.Location) []byte {
	if !v.Set() {
		return append(b, "(unset)"...)
	}
	if v.Kind == crm.ObjectKind {
		return append(b, norm.Quote(memberText(v.Members()[0].JSON))...)
	}
	if text := formatValue(v, id, zone); text != "(unset)" {
		return append(b, norm.Quote(text)...)
	}
	return append(b, `"(unset)"`...)
}

// appendText appends the item as a line.
func (l *Item) appendText(b []byte, s textOptions, buffer *[]Field) []byte {
	if l.Progress {
		return l.appendProgress(b, s.zone)
	}
	start := len(b)
	b = append(b, l.Head...)
	fields := l.fields(buffer)
	for i := range fields {
		if f := &fields[i]; !f.isHidden(s) {
			b = f.appendText(b, s)
		}
	}
	if l.Head == "" && len(b) > start {
		b = append(b[:start], b[start+1:]...) // the blank before the first field
	}
	return append(b, '\n')
}

// isHidden reports whether text leaves the field out.
func (f *Field) isHidden(s textOptions) bool {
	if f.JSON || f.Column {
		return f.JSON
	}
	return !f.Value.Set() || s.inList && f.Long || (f.Quiet || f.Value.Kind == crm.FlagKind) && f.Value.Int == 0
}

// appendText appends the field as " name=value", an object as one for each key.
func (f *Field) appendText(b []byte, s textOptions) []byte {
	if f.Column {
		return f.appendColumn(b, s)
	}
	if f.Value.Kind == crm.ObjectKind {
		for _, m := range f.Value.Members() {
			b = append(append(append(b, ' '), f.Name...), '.')
			name, value := m.Name, memberText(m.JSON)
			if at, is := f.timeOf(m); is {
				b = appendTime(append(appendKey(b, name), '='), at, s.zone)
				continue
			}
			if f.Named {
				b, name, value = labelled(b, name, value)
			}
			b = append(appendKey(b, name), '=')
			b = s.appendValue(b, value)
		}
		return b
	}
	b = append(append(append(b, ' '), f.Name...), '=')
	switch {
	case f.Value.Kind == crm.TextKind || f.Value.Kind == crm.ListKind:
		return s.appendValue(b, formatValue(f.Value, f.ID, s.zone))
	case f.Value.Kind == crm.TimeKind && f.Millis:
		return appendMillis(b, f.Value.Int)
	case f.Value.Kind == crm.TimeKind && f.Second:
		return appendTimeSecond(b, f.Value.Int, s.zone)
	case f.Value.Kind == crm.TimeKind && s.inList && f.Day:
		return appendDay(b, f.Value.Int, s.zone)
	case f.Value.Kind == crm.TimeKind:
		return appendTime(b, f.Value.Int, s.zone)
	}
	return append(b, formatValue(f.Value, f.ID, s.zone)...)
}

// timeOf returns the time in a key of a Named object, if it holds one.
func (f *Field) timeOf(m crm.Member) (ms int64, is bool) {
	if !f.Named || f.Of == nil || !f.Of.HoldsTime(m.Name) {
		return 0, false
	}
	at, err := time.Parse(time.RFC3339, memberText(m.JSON))
	return at.UnixMilli(), err == nil
}

// labelled prints a key that is a label itself as the lines of records do: the key of a
// custom value is quoted apart from its field, and the items of a list have commas between.
func labelled(b []byte, name, value string) ([]byte, string, string) {
	if field, key, dotted := strings.Cut(name, "."); dotted {
		return append(append(b, field...), '.'), key, value
	}
	if items, ok := norm.ParseArray(value); ok {
		for i := range items {
			items[i] = memberText(items[i])
		}
		value = strings.Join(items, ",")
	}
	return b, name, value
}

// appendKey appends a member's name, as a JSON string if it could be read as more than a
// name.
func appendKey(b []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		if name[i] == '=' {
			return norm.AppendQuoted(b, name)
		}
	}
	return norm.AppendValue(b, name)
}

// memberText returns the text of a JSON value; a string without its quotes.
func memberText(json string) string {
	if s, ok := norm.Unquote(json); ok {
		return s
	}
	return json
}

// formatValue returns a value as unquoted text, times in the zone.
func formatValue(v crm.Value, id string, zone *time.Location) string {
	switch v.Kind {
	case crm.IntKind:
		return strconv.FormatInt(v.Int, 10)
	case crm.TimeKind:
		return string(appendTime(nil, v.Int, zone))
	case crm.RefKind:
		return id
	case crm.FlagKind:
		return [...]string{"no", "yes"}[v.Int]
	case crm.ListKind:
		text := v.List()[0]
		for _, tag := range v.List()[1:] {
			text += "," + tag
		}
		return text
	}
	return v.Text
}

// appendValue appends a value, quoted if necessary. In a list a long one is cut between
// words, with the number of characters left out.
func (s textOptions) appendValue(b []byte, text string) []byte {
	if !s.inList || !isLong(text) {
		return norm.AppendValue(b, text)
	}
	return norm.AppendQuoted(b, cut(text))
}

// appendProgress appends a line like "contacts: 12 / 1000".
func (l *Item) appendProgress(b []byte, zone *time.Location) []byte {
	b = append(append(b, l.Head...), ": "...)
	for i, f := range l.Fields {
		if i > 0 {
			b = append(b, " / "...)
		}
		if f.Value.Set() {
			b = append(b, formatValue(f.Value, "", zone)...)
		} else {
			b = append(b, "unlimited"...)
		}
	}
	return append(b, '\n')
}

// appendErrorText appends an error: its code, the hint, and what the next request needs.
func appendErrorText(b []byte, e *crm.Error, zone *time.Location) []byte {
	b = append(append(b, "ERROR "...), e.Code...)
	b = append(b, "\nHINT  "...)
	b = append(append(b, norm.OneLine(e.Hint)...), '\n')
	if e.Confirm != "" {
		b = append(append(append(b, "confirm: "...), e.Confirm...), '\n')
	}
	if e.LocalCode != "" {
		b = append(append(append(b, "# local mode: code="...), e.LocalCode...), '\n')
	}
	if e.Record != nil {
		line := Record(*e.Record, nil)
		b = line.appendText(b, textOptions{zone: zone}, new([]Field))
	}
	return b
}
