package rows

import (
	"bytes"
	"fmt"
	"strings"

	"crmkit/crm/norm"
)

// headerLines is how many lines at the beginning of a file are searched for the column names.
const headerLines = 20

// header is a line that may be the one of column names.
type header struct {
	line      int // its number
	offset    int // of its first byte in the file
	separator byte
	cells     int
	known     int      // columns that the caller knows
	above     []string // the lines above it that are not blank
}

// findHeader returns the line of column names. Products write titles and notes above it, so it
// is the line with the most known columns, the first of several, if the lines after it have as
// many cells; otherwise it is the first line that is not blank. A first line like sep=; names
// the separator; without it, each line is read with the character that is most frequent in it.
func findHeader(in *File, known func(string) bool) header {
	head, _ := in.Peek(sniffSize)
	stated, best := byte(0), header{}
	var above []string
	for line, offset := 1, 0; line <= headerLines && offset < len(head); line++ {
		rest := head[offset:]
		text, _, _ := bytes.Cut(rest, []byte("\n"))
		offset += len(text) + 1
		if line == 1 {
			stated = statedSeparator(text)
		}
		if len(bytes.TrimSpace(text)) == 0 || line == 1 && stated != 0 {
			continue
		}
		h := header{line: line, offset: offset - len(text) - 1, separator: stated, above: above}
		if stated == 0 {
			h.separator = frequentSeparator(text)
		}
		h.measure(rest, known)
		plausible := h.isPlausible(rest)
		if best.line == 0 || h.known > best.known && plausible {
			best = h
		}
		if len(above) == 0 && h.known > 1 && plausible { // as in nearly every file
			break
		}
		above = append(above[:len(above):len(above)], string(bytes.TrimSpace(text)))
	}
	return best
}

// statedSeparator returns the separator that a line like sep=; names, 0 for any other line.
func statedSeparator(line []byte) byte {
	if len(line) == 5 && hasPrefixFold(line, "sep=") && bytes.IndexByte([]byte(",;\t"), line[4]) >= 0 {
		return line[4]
	}
	return 0
}

// frequentSeparator returns the separator that is most frequent in a line, outside of quotes.
func frequentSeparator(line []byte) byte {
	best, most, quoted := byte(','), 0, false
	counts := map[byte]int{}
	for _, c := range line {
		quoted = quoted != (c == '"')
		if quoted || c != ',' && c != ';' && c != '\t' {
			continue
		}
		if counts[c]++; counts[c] > most {
			best, most = c, counts[c]
		}
	}
	return best
}

// maxMeasured is how many cells of a line are compared with the known columns.
const maxMeasured = 100

// measure counts the cells of the record at the beginning of text, and the known columns.
func (h *header) measure(text []byte, known func(string) bool) {
	cells := h.cellsOf(text)
	record, err := cells.record(0)
	if err != nil {
		return
	}
	h.cells = cells.count
	for _, cell := range record[:min(len(record), maxMeasured)] {
		if known(cell.text) {
			h.known++
		}
	}
}

// cellsOf returns a reader of the cells in text.
func (h *header) cellsOf(text []byte) *csvCells {
	return &csvCells{in: newFile(bytes.NewReader(text)), separator: h.separator}
}

// comparedRows is how many rows after a line show whether it names their columns.
const comparedRows = 3

// isPlausible reports whether the line at the beginning of text may name columns though it is not
// the first: it has two known ones, or nothing else, and a row after it has as many cells, if
// there is one.
func (h *header) isPlausible(text []byte) bool {
	if h.known < 2 && h.known < h.cells {
		return false
	}
	cells := h.cellsOf(text)
	for i := 0; i <= comparedRows; i++ {
		_, err := cells.record(i)
		switch {
		case i == 0 && err == nil:
		case err != nil:
			return i == 1
		case cells.count == h.cells:
			return true
		}
	}
	return false
}

// maxShown is how many of the lines above the column names a remark shows.
const maxShown = 3

// remarks say in which line the column names are, if there are others above it.
func (h *header) remarks() []string {
	if len(h.above) == 0 {
		return nil
	}
	shown := make([]string, 0, maxShown)
	for _, line := range h.above[:min(len(h.above), maxShown)] {
		shown = append(shown, norm.Quote(line))
	}
	if len(h.above) > maxShown {
		shown = append(shown, "…")
	}
	return []string{fmt.Sprintf("line %d names the columns; the lines above it are left out: %s", h.line, strings.Join(shown, ", "))}
}
