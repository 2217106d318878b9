package fieldtype

import (
	"iter"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// splitCell returns the values of a cell that holds several, each that is not blank.
func splitCell(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(strings.ReplaceAll(text, ":::", ","), func(r rune) bool { return r == ',' || r == ';' }) {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// FirstOfCell returns the first value of a cell that may hold several; all of it if it
// holds none.
func FirstOfCell(text string) string {
	for part := range splitCell(text) {
		return part
	}
	return text
}

// firstCell is the cell of a type whose values hold no separator: the first of several
// values is taken.
func firstCell(c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	first := FirstOfCell(text)
	return crm.Decoded{JSON: norm.QuoteJSON(first), Whole: first == text}, nil
}
