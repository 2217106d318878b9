package rows

import (
	"io"
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// A sheet may end with a row of totals, which is about no record. It is known by the word in its
// first cell, if the other cells are amounts and nothing but blank lines comes after it.

// totalWords are the words for totals, folded: in English, German, French, Spanish, Italian, Dutch,
// and Portuguese.
var totalWords = strings.Fields(`total totals totaal totale totali totaux sum summe gesamt gesamtsumme insgesamt zwischensumme somme suma soma som somma`)

// isTotals reports whether a row has a word for totals and amounts, and nothing else.
func isTotals(cells []csvCell) bool {
	if len(cells) < 2 || cells[0].at != 0 || !slices.Contains(totalWords, norm.Fold(strings.Trim(cells[0].text, " :="))) {
		return false
	}
	return !slices.ContainsFunc(cells[1:], func(c csvCell) bool { return !isAmount(c.text) })
}

// isAmount reports whether a cell is a number as it is written in a sum: not one with a plus or with a
// zero before other digits, like that of a telephone.
func isAmount(text string) bool {
	_, ok := norm.ReadNumber(text)
	return ok && !strings.HasPrefix(text, "+") && (len(text) < 2 || text[0] != '0' || text[1] < '0' || text[1] > '9')
}

// endsAfter reports whether nothing but blank lines comes after row n. What comes is read ahead.
func (g *groups) endsAfter(n int) bool {
	after := g.read(n + 1)
	for after.err == nil && after.fault == nil && len(after.cells) == 0 {
		after = g.read(n + 1)
	}
	g.ahead = &after
	return after.err == io.EOF
}
