package fieldtype

import (
	"iter"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// splitCell returns the values of a cell that holds several, without blank ones. The
// separators are a comma, a semicolon (HubSpot) and three colons (Google Contacts). It
// may be used only for types whose values have none of these.
func splitCell(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(strings.ReplaceAll(text, ":::", ","), func(r rune) bool { return r == ',' || r == ';' }) {
			if part = strings.TrimSpace(part); part != "" && !yield(part) {
				return
			}
		}
	}
}

// FirstOfCell returns the first value of a cell that may hold several, and the whole cell
// if it has nothing but separators, so that the error for it shows what was sent.
func FirstOfCell(text string) string {
	for part := range splitCell(text) {
		return part
	}
	return text
}

// firstCell is DecodeCell of a type whose values have no separator. It takes the first of
// several values, which is the primary one in the exports of other products. Whole is
// false if there were more; the importer then stores the cell in custom as well.
func firstCell(c crm.Cell) (crm.Decoded, *crm.Error) {
	text, isText := norm.Unquote(c.JSON)
	if !isText {
		return crm.Decoded{JSON: c.JSON, Whole: true}, nil
	}
	first := FirstOfCell(text)
	return crm.Decoded{JSON: norm.QuoteJSON(first), Whole: first == text}, nil
}
