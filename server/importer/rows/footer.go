package rows

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"crmkit/crm/norm"
)

// A sheet may end with a row of totals, and a report with lines about itself, which are no records:
//
//	Grand Totals (6 records),,,
//
//	Confidential Information - Do Not Distribute
//	Copyright (c) 2000-2026 salesforce.com, inc.
//	Acme Corp
//
// Lines at the end of a file, with nothing but their first cell, are left out after a blank line, if
// no other row of the file has only that cell, and without one if they have the words of a footer,
// or come after such a line. A row of totals may have amounts too. The last name of a list stays,
// and so does every line of a file with one column.

// maxFooter is how many lines a footer may have.
const maxFooter = 20

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

// totalsLine matches a first cell that says how many records there are, and aboutReport a line that
// says something about the report. Both are matched with folded text.
var (
	totalsLine  = regexp.MustCompile(`^(grand |sub)?totals? ?(\([0-9]+( records?| rows?)?\))?:?$|^[0-9]+ (rows?|records?|results?|entries|zeilen|datensatze|lignes|enregistrements|filas|registros|righe|rijen|linhas)$`)
	aboutReport = regexp.MustCompile(`^(confidential information|copyright (\(c\)|©|[0-9]{4})|© ?[0-9]{4}|generated (by|on|at)\b|(page|seite|pagina) [0-9]+ ?(of|von|de|di|van|/) ?[0-9]+$)`)
)

// isFooter reports whether a row has the words of a footer.
func isFooter(cells []csvCell) bool {
	if isTotals(cells) {
		return true
	}
	if len(cells) == 0 || cells[0].at != 0 {
		return false
	}
	if totalsLine.MatchString(norm.Fold(cells[0].text)) {
		return !slices.ContainsFunc(cells[1:], func(c csvCell) bool { return !isAmount(c.text) })
	}
	return len(cells) == 1 && aboutReport.MatchString(norm.Fold(cells[0].text))
}

// mayEnd reports whether a record may be in a footer, or is blank.
func mayEnd(r csvRecord) bool {
	return r.err == nil && r.fault == nil && (len(r.cells) == 0 || isTitle(r.cells) || isFooter(r.cells))
}

// leaveFooter leaves out the footer if the next record, row n, begins one. Everything up to the end
// of the file is read ahead, but no more than a footer may have.
func (g *groups) leaveFooter(n int) {
	g.peek(n, 0)
	next := &g.ahead[0]
	next.afterBlank, g.blank = next.afterBlank || g.blank, next.isBlank()
	if g.judged > 0 {
		g.judged--
		return
	}
	count := 0
	for !g.blank && count < maxFooter && mayEnd(g.peek(n, count)) {
		count++
	}
	if count == 0 {
		return
	}
	first := count
	if g.peek(n, count).err == io.EOF && len(g.names) > 1 {
		first = g.footerOf(g.ahead[:count])
		g.footer = slices.DeleteFunc(slices.Clone(g.ahead[first:count]), csvRecord.isBlank)
		g.ahead = slices.Delete(g.ahead, first, count)
	}
	g.judged = max(first-1, 0)
}

// footerOf returns where the footer begins in the last records of the file.
func (g *groups) footerOf(last []csvRecord) int {
	first := slices.IndexFunc(last, func(r csvRecord) bool {
		return !r.isBlank() && (r.afterBlank && g.several > 0 && g.lone == 0 || aboutReport.MatchString(norm.Fold(r.cells[0].text)))
	})
	if first < 0 {
		first = len(last)
	}
	for first > 0 && (last[first-1].isBlank() || isFooter(last[first-1].cells)) {
		first--
	}
	return first
}

// peek returns the record that comes so many after the next one, which is row n. Of blank records
// behind another one it passes over all but the first, because a sheet may have thousands.
func (g *groups) peek(n, after int) csvRecord {
	for len(g.ahead) <= after {
		r := g.fromFile(n + len(g.ahead))
		if last := len(g.ahead) - 1; last >= 0 && g.ahead[last].isBlank() {
			for r.isBlank() {
				r = g.fromFile(n + len(g.ahead))
			}
			r.afterBlank = true
		}
		g.ahead = append(g.ahead, r)
	}
	return g.ahead[after]
}

// isBlank reports whether a record has no cell.
func (r csvRecord) isBlank() bool { return r.err == nil && r.fault == nil && len(r.cells) == 0 }

// note counts a row that is not left out, as footerOf needs it.
func (g *groups) note(r csvRecord) {
	switch {
	case isTitle(r.cells):
		g.lone++
	case len(r.cells) > 1:
		g.several++
	}
}

// footerRemark says which lines are left out.
func (g *groups) footerRemark() string {
	if len(g.footer) == 1 && isTotals(g.footer[0].cells) {
		return "the last row is left out, because it has totals: " + norm.Quote(g.footer[0].cells[0].text)
	}
	lines := make([]string, len(g.footer))
	for i, r := range g.footer {
		lines[i] = fmt.Sprintf("line %d, %s", r.line, norm.Quote(r.cells[0].text))
	}
	return "the last lines are left out, because they are about the whole file: " + strings.Join(lines, "; ")
}
