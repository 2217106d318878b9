package render

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"crmkit/crm"
)

// shortest is the length to which texts are cut before fields are left out, in characters.
const shortest = 60

// Counter returns the tokens of an answer, or any number above most if they are more.
type Counter func(answer []byte, most int) int

// fitter makes an answer small enough.
type fitter struct {
	doc    *Response
	format Format
	fits   func([]byte) bool
}

// shrink is what an answer leaves out.
type shrink struct {
	chars   int      // texts are cut to this length; 0: they are whole
	without []string // names of fields
	bare    bool     // these are all fields that can be left out
	rows    int      // rows that are shown; -1: all
}

// Fit returns the answer in the format, of at most budget tokens. What is too long for it is left out in this
// order, as much as necessary: the ends of long texts, fields of records that were not asked for by name, the
// last one of the schema first, and rows. A line, or a JSON object, is always whole, and a last remark says what
// was left out; cursors lead to the rows.
//
// It returns nil where even the shortest form is too long: that of one row, or of a document which is not made
// of rows.
func (d *Response) Fit(f Format, budget int, count Counter) []byte {
	fit := fitter{doc: d, format: f, fits: func(b []byte) bool { return count(b, budget) <= budget }}
	if whole := d.Append(nil, f); fit.fits(whole) {
		return whole
	} else if d.Raw != nil {
		return fit.lines(string(whole))
	}
	least := shrink{chars: shortest, rows: -1}
	if cut := fit.longest(); cut > shortest {
		if b := fit.with(shrink{chars: shortest, rows: -1}); fit.fits(b) {
			return fit.largest(shortest, cut, func(n int) shrink { return shrink{chars: n, rows: -1} })
		}
	}
	optional := fit.optional()
	least.without, least.bare = optional, len(optional) > 3
	if len(optional) > 0 && fit.fits(fit.with(least)) {
		return fit.largest(0, len(optional), func(n int) shrink {
			return shrink{chars: shortest, without: optional[:len(optional)-n], bare: n == 0 && least.bare, rows: -1}
		})
	}
	if !d.rowsMayGo() {
		return nil
	}
	if least.rows = 1; !fit.fits(fit.with(least)) {
		return nil
	}
	return fit.largest(1, len(d.Items), func(n int) shrink {
		return shrink{chars: shortest, without: optional, bare: least.bare, rows: n}
	})
}

// largest returns the answer of the largest number for which it fits, which is at least low and below high.
func (fit *fitter) largest(low, high int, of func(int) shrink) []byte {
	n := low + sort.Search(high-low-1, func(i int) bool { return !fit.fits(fit.with(of(low + i + 1))) })
	return fit.with(of(n))
}

// rowsMayGo reports whether rows can be left out so that a reader gets them later: of a whole list, or of
// a page with a cursor for each row.
func (d *Response) rowsMayGo() bool {
	if len(d.Items) == 0 {
		return false
	}
	return d.Page == nil || d.Page.After != nil || d.Page.Next == "" && d.Page.Cursor == ""
}

// longest returns the length of the longest text of the answer, in bytes. Lists of text cut theirs anyway.
func (fit *fitter) longest() (n int) {
	if fit.doc.Page != nil && fit.format == Text {
		defer func() { n = min(n, maxListed-len("…(+65536 chars)")) }()
	}
	fit.each(func(f *Field) {
		if f.Value.Kind == crm.TextKind && !f.Column { // a group, or the path of its records, is whole or not there
			n = max(n, len(f.Value.Text))
		}
	})
	return n
}

// each calls fn with the fields of all lines.
func (fit *fitter) each(fn func(*Field)) {
	var buffer []Field
	visit := func(l *Item) {
		fields := l.fields(&buffer)
		for i := range fields {
			fn(&fields[i])
		}
	}
	if fit.doc.Line != nil {
		visit(fit.doc.Line)
	}
	for i := range fit.doc.Items {
		visit(&fit.doc.Items[i])
	}
}

// optional returns the names of fields that may be left out, the first to go first. These are the fields of
// records but for their id and label, unless fields= names what is shown.
func (fit *fitter) optional() (names []string) {
	add := func(l *Item) {
		if !l.hasOptional() {
			return
		}
		var buffer []Field
		for _, f := range slices.Backward(l.fields(&buffer)) {
			e := l.rec.Entity
			if own := e.Field(f.Name); f.Name != e.LabelField && (own == nil || !own.IsIdentity()) && !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	if fit.doc.Line != nil {
		add(fit.doc.Line)
	}
	seen := map[*crm.Entity]bool{}
	for i := range fit.doc.Items {
		if e := fit.doc.Items[i].rec.Entity; !seen[e] {
			seen[e] = true
			add(&fit.doc.Items[i])
		}
	}
	return names
}

// hasOptional reports whether some fields of the line may be left out: nobody asked for them by name.
func (l *Item) hasOptional() bool { return l.rec.Entity != nil && l.selected == nil }

// with returns the answer without what s leaves out.
func (fit *fitter) with(s shrink) []byte {
	d := *fit.doc
	if d.Line != nil {
		line := s.item(d.Line)
		d.Line = &line
	}
	rows := d.Items
	if s.rows >= 0 {
		rows = rows[:s.rows]
	}
	d.Items = make([]Item, len(rows))
	for i := range rows {
		d.Items[i] = s.item(&rows[i])
	}
	d.Groups = shown(d.Groups, rows)
	said := s.said(fit.doc)
	switch {
	case d.Page != nil && len(rows) < len(fit.doc.Items):
		page := *d.Page
		d.Page = &page
		page.without = len(fit.doc.Items) - len(rows)
		page.leaveOut(len(rows), said)
		if fit.format == JSON {
			d.Remarks = append(slices.Clone(d.Remarks), said)
		}
	default:
		d.Remarks = append(slices.Clone(d.Remarks), said)
	}
	return d.Append(nil, fit.format)
}

// leaveOut makes the page one that ends after some of its rows.
func (p *Page) leaveOut(rows int, said string) {
	if p.cut = said; p.After == nil {
		return
	}
	if p.Cursor != "" {
		p.Cursor, p.More = p.After(rows-1), true
		return
	}
	p.Next = p.After(rows - 1)
}

// shown returns the groups with the numbers of rows that are left.
func shown(groups []Group, rows []Item) []Group {
	groups = slices.Clone(groups)
	for i := range groups {
		left := 0
		for j := range rows {
			if e := rows[j].rec.Entity; e != nil && e.Plural == groups[i].Kind {
				left++
			}
		}
		groups[i].Shown = min(groups[i].Shown, left)
	}
	return groups
}

// item returns a line with its texts cut, and without fields. It is what prints the same as a list would, so the
// fields of a record are made here.
func (s shrink) item(l *Item) Item {
	var buffer []Field
	fields := slices.Clone(l.fields(&buffer))
	if l.hasOptional() {
		fields = slices.DeleteFunc(fields, func(f Field) bool { return slices.Contains(s.without, f.Name) })
	}
	for i := range fields {
		if v := &fields[i].Value; v.Kind == crm.TextKind && !fields[i].Column {
			v.Text = cutTo(v.Text, s.chars)
		}
	}
	made := *l
	made.rec, made.Fields, made.selected = crm.Record{}, fields, nil
	return made
}

// Short returns the line with its texts cut as lists do, but for one field.
func (l Item) Short(whole string) Item {
	made := shrink{}.item(&l)
	for i := range made.Fields {
		if f := &made.Fields[i]; f.Name != whole && f.Value.Kind == crm.TextKind {
			f.Value.Text = cut(f.Value.Text)
		}
	}
	return made
}

// said says what is left out of an answer: "cut: 31 of 43 rows, notes, texts after 60 characters".
func (s shrink) said(d *Response) string {
	var parts []string
	if s.rows >= 0 {
		parts = append(parts, fmt.Sprintf("%d of %d rows", len(d.Items)-s.rows, len(d.Items)))
	}
	if s.bare {
		parts = append(parts, "all fields but the name")
	} else {
		parts = append(parts, s.without...)
	}
	if s.chars > 0 {
		parts = append(parts, "texts after "+strconv.Itoa(s.chars)+" characters")
	}
	said := "cut: " + strings.Join(parts, ", ")
	switch {
	case s.rows < 0:
	case d.Page == nil || d.Page.After == nil:
		said += "; a larger budget= shows them"
	case d.Page.Cursor != "":
		said += "; they follow after the cursor"
	}
	return said
}

// lines returns the first lines of a document that fit, and a remark. A document that is JSON has no
// lines, so it is nil.
func (fit *fitter) lines(text string) []byte {
	if fit.format == JSON || fit.doc.Raw.Name == "" {
		return nil
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	first := func(n int) []byte {
		return append([]byte(strings.Join(lines[:n], "")), fmt.Sprintf("# cut: %d of %d lines; a larger budget= shows them\n", len(lines)-n, len(lines))...)
	}
	if !fit.fits(first(1)) {
		return nil
	}
	n := 1 + sort.Search(len(lines)-2, func(i int) bool { return !fit.fits(first(i + 2)) })
	return bytes.Clone(first(n))
}
