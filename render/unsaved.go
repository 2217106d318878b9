package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// unsavedNames are the names of records that a batch would make, by the ids that they had in its dry run.
type unsavedNames map[string]unsavedName

// unsavedName is the name of a record that does not exist.
type unsavedName struct {
	name string // "$jane"; empty: no line has named it
	line int    // the line that would make it
}

// idInText matches what may be the id of a record.
var idInText = regexp.MustCompile(`\b[a-z]+_[0-9a-z]+\b`)

// String returns the name as texts have it in place of the id.
func (n unsavedName) String() string {
	if n.name != "" {
		return n.name
	}
	return "(line " + strconv.Itoa(n.line) + ")"
}

// inReceipt takes the ids out of the answer of a line, and learns the id and the name of the record that
// the line would make.
func (names unsavedNames) inReceipt(r *Receipt, doc *Response) {
	if doc.Line.HeadKey != "" {
		doc.Line = names.inItem(*doc.Line)
		return
	}
	doc.Version, doc.Changed = 0, Preview(names.inChanges(doc.Changed))
	kind, id, _ := strings.Cut(doc.Line.Handle(), "/")
	known, made := names[id]
	switch {
	case made && known.name != "":
		doc.Line = &Item{Head: strings.TrimSuffix(doc.Line.Head, id) + known.name, unsaved: true}
	case made:
		doc.Line = &Item{Head: strings.TrimSuffix(doc.Line.Head, "/"+id), unsaved: true}
	case doc.Result == "created":
		line := &Item{Head: kind, unsaved: true}
		if doc.Line.rec.Entity != nil {
			line.Fields = NewValues(doc.Line.rec)
		}
		doc.Line = line
		known, made = unsavedName{line: r.Line}, true
	}
	if made && r.As != "" {
		known.name = "$" + r.As
	}
	if made {
		names[id] = known
	}
}

// inItem returns an item that is about several records without the ids.
func (names unsavedNames) inItem(l Item) *Item {
	l.Fields = slices.Clone(l.Fields)
	for i, f := range l.Fields {
		switch {
		case strings.Contains(f.Name, "."): // a value of a record
		case f.Value.Kind == crm.TextKind:
			l.Fields[i].Value = crm.Str(names.inText(f.Value.Text))
		case f.Value.Kind == crm.ObjectKind:
			l.Fields[i].Value = crm.Members(names.inHandle(f.Value.Members()))
		}
	}
	return &l
}

// inHandle returns an object about a record without the id.
func (names unsavedNames) inHandle(members []crm.Member) []crm.Member {
	members = slices.Clone(members)
	for i, m := range members {
		if text, is := norm.Unquote(m.JSON); is && m.Name == "handle" {
			members[i].JSON = norm.QuoteJSON(names.inText(text))
		}
	}
	return members
}

// inChanges returns changes with names instead of the ids that have one.
func (names unsavedNames) inChanges(changes []Change) (list []Change) {
	for _, c := range changes {
		if n := names[c.ToID]; n.name != "" {
			c.To, c.ToID = crm.Str(n.name), ""
		}
		list = append(list, c)
	}
	return list
}

// inError returns an error without the ids.
func (names unsavedNames) inError(e *crm.Error) *crm.Error {
	without := *e
	without.Hint, without.Tools = names.inText(e.Hint), names.inText(e.Tools)
	if e.Record != nil && names.has(e.Record.ID) {
		without.Record = nil // the lines before say what it has
	}
	return &without
}

// inTexts returns texts without the ids.
func (names unsavedNames) inTexts(texts []string) (list []string) {
	for _, text := range texts {
		list = append(list, names.inText(text))
	}
	return list
}

// inText returns a text without the ids.
func (names unsavedNames) inText(text string) string {
	if len(names) == 0 {
		return text
	}
	return idInText.ReplaceAllStringFunc(text, func(id string) string {
		if n, made := names[id]; made {
			return n.String()
		}
		return id
	})
}

// has reports whether an id is that of a record that the batch would make.
func (names unsavedNames) has(id string) bool {
	_, made := names[id]
	return made
}
