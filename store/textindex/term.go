package textindex

import (
	"bytes"
	"slices"

	"crmkit/query"
)

// term is one spelling of a word of a search. Most have the same text for all fields. A phone number
// is compared by its digits with phone fields, and as it was written with others.
type term struct {
	finders  []substringFinder // a row that matches contains the text of at least one
	perField [][]byte          // the text for each field; nil if it is the same for all
}

// term returns the term of a spelling. An empty text in perField matches nothing.
func (f Fields) term(v query.Variant) term {
	var t term
	if v.Fold != "" {
		t.finders = []substringFinder{{text: []byte(v.Fold)}}
	}
	if v.Same() {
		return t
	}
	for _, field := range f.Own {
		text := []byte(v.MatchesText(field.Type))
		t.perField = append(t.perField, text)
		known := func(f substringFinder) bool { return bytes.Equal(f.text, text) }
		if len(text) > 0 && !slices.ContainsFunc(t.finders, known) {
			t.finders = append(t.finders, substringFinder{text: text})
		}
	}
	return t
}

// in reports whether a row contains the term.
func (t term) in(row []byte) bool {
	if t.perField == nil {
		return bytes.Contains(row, t.finders[0].text)
	}
	for _, text := range t.perField {
		field, rest, _ := bytes.Cut(row, []byte{'\n'})
		if len(text) > 0 && bytes.Contains(field, text) {
			return true
		}
		row = rest
	}
	return false
}
