package render

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// textOptions says how a line of text is spelled.
type textOptions struct {
	inList bool           // cut long values and leave out fields that lists do not show
	zone   *time.Location // of times; nil is UTC
}

// maxListed is the most characters of a value in a text list.
const maxListed = 200

func (d *Response) appendText(b []byte) []byte {
	switch {
	case d.Raw != nil:
		return append(b, d.Raw.Body...)
	case d.Error != nil:
		return appendErrorText(b, d.Error, d.Zone)
	}
	if d.Line != nil {
		b = d.Line.appendText(b, textOptions{zone: d.Zone}, new([]Field))
	}
	var room []Field
	for i := range d.Items {
		b = d.Items[i].appendText(b, textOptions{inList: d.Page != nil, zone: d.Zone}, &room)
	}
	b = d.appendReceipt(b)
	b = d.Page.appendCounts(b, len(d.Items))
	for i := range d.Groups {
		b = d.Groups[i].appendText(b)
	}
	for _, remark := range slices.Concat(d.Hints, d.Remarks) {
		b = append(append(append(b, "# "...), norm.OneLine(remark)...), '\n')
	}
	if d.Page != nil && d.Page.Next != "" {
		b = append(append(append(b, "# next: "...), d.Page.Next...), '\n')
	}
	return b
}

// appendCounts says how many rows there are, here and in all: "# 50 of 1234 contacts",
// with 10000+ where the count stopped and without the second number where none was
// counted or there are no rows at all.
func (p *Page) appendCounts(b []byte, n int) []byte {
	if p == nil {
		return b
	}
	b = strconv.AppendInt(append(b, "# "...), int64(n), 10)
	all := int64(n)
	if p.Counted && p.Total > 0 {
		all = p.Total
		b = strconv.AppendInt(append(b, " of "...), all, 10)
		if !p.Exact {
			b = append(b, '+')
		}
	}
	noun := p.Plural
	if all == 1 {
		noun = p.Noun
	}
	return append(append(append(b, ' '), noun...), '\n')
}

// appendText says how many of a kind there are, and what lists them all.
func (g *Group) appendText(b []byte) []byte {
	b = append(append(append(b, "# "...), g.Kind...), ": "...)
	b = strconv.AppendInt(b, int64(g.Shown), 10)
	if g.All != "" {
		b = strconv.AppendInt(append(b, " of "...), g.Total, 10)
		if !g.Exact {
			b = append(b, '+')
		}
		b = append(append(b, "; all: GET "...), g.All...)
	}
	return append(b, '\n')
}

// appendReceipt says what a write did.
func (d *Response) appendReceipt(b []byte) []byte {
	switch {
	case d.Result == "" || d.Result == "deleted":
		return b
	case d.Result == "unchanged" && d.Upsert:
		return append(b, "# updated: nothing changed\n"...)
	}
	b = append(append(b, "# "...), d.Result...)
	for i, c := range d.Changed {
		b = append(b, ":;"[min(i, 1)], ' ')
		b = append(append(b, c.Name...), ' ')
		b = appendShort(b, c.From, c.FromID, d.Zone)
		b = append(b, " -> "...)
		b = appendShort(b, c.To, c.ToID, d.Zone)
	}
	return append(b, '\n')
}

// appendShort appends a value for a receipt: unset as such, long ones cut.
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

func (l *Item) appendText(b []byte, s textOptions, room *[]Field) []byte {
	if l.Progress {
		return l.appendRatio(b, s.zone)
	}
	b = append(b, l.Head...)
	fields := l.fields(room)
	for i := range fields {
		f := &fields[i]
		if f.JSON || !f.Value.Set() || s.inList && f.Long || f.Value.Kind == crm.FlagKind && f.Value.Int == 0 {
			continue
		}
		b = f.appendText(b, s)
	}
	return append(b, '\n')
}

func (f *Field) appendText(b []byte, s textOptions) []byte {
	if f.Value.Kind == crm.ObjectKind {
		for _, m := range f.Value.Members() {
			b = append(append(append(b, ' '), f.Name...), '.')
			name, value := m.Name, memberText(m.JSON)
			if at, is := f.moment(m); is {
				b = appendTime(append(appendKey(b, name), '='), at, s.zone)
				continue
			}
			if f.Named {
				b, name, value = labelled(b, name, value)
			}
			b = append(appendKey(b, name), '=')
			b = appendListed(b, value, s.inList)
		}
		return b
	}
	b = append(append(append(b, ' '), f.Name...), '=')
	switch {
	case f.Value.Kind == crm.TextKind || f.Value.Kind == crm.ListKind:
		return appendListed(b, formatValue(f.Value, f.ID, s.zone), s.inList)
	case f.Value.Kind == crm.TimeKind && s.inList && f.Day:
		return appendDay(b, f.Value.Int, s.zone)
	case f.Value.Kind == crm.TimeKind:
		return appendTime(b, f.Value.Int, s.zone)
	}
	return append(b, formatValue(f.Value, f.ID, s.zone)...)
}

// moment returns the time that a key of an object of the server holds.
func (f *Field) moment(m crm.Member) (ms int64, is bool) {
	if !f.Named || f.Of == nil || !f.Of.HoldsTime(m.Name) {
		return 0, false
	}
	at, err := time.Parse(time.RFC3339, memberText(m.JSON))
	return at.UnixMilli(), err == nil
}

// labelled writes a key that is a label itself as lines of records do: the key
// of a custom value is quoted apart from its field, labels of a list stand with
// commas.
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

// appendKey appends a member's name, as a JSON string where it could be taken
// for more than a name.
func appendKey(b []byte, name string) []byte {
	for i := 0; i < len(name); i++ {
		if name[i] == '=' {
			return norm.AppendQuoted(b, name)
		}
	}
	return norm.AppendValue(b, name)
}

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

// appendListed appends a value; in a list, cut at a word with the number of
// characters left out.
func appendListed(b []byte, s string, listed bool) []byte {
	if !listed || len(s) <= maxListed || utf8.RuneCountInString(s) <= maxListed {
		return norm.AppendValue(b, s)
	}
	runes := []rune(s)
	cut := maxListed
	for i := maxListed; i > maxListed/2; i-- {
		if unicode.IsSpace(runes[i]) {
			cut = i
			break
		}
	}
	return norm.AppendQuoted(b, string(runes[:cut])+"…(+"+strconv.Itoa(len(runes)-cut)+" chars)")
}

// appendRatio appends "contacts: 12 / 1000".
func (l *Item) appendRatio(b []byte, zone *time.Location) []byte {
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
