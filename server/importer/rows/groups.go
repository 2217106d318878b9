package rows

import (
	"bytes"
	"slices"
	"strings"

	"crmkit/crm"
)

// Boards are exported in groups: a line with the title of the group, the line of column names
// again, and the rows of the group. A file that begins with such a title has one before every group;
// in any other, a repeated line of column names is where two files were joined. The title is a cell of each of its rows. Subitems have a line
// of column names of their own in between; they are records of another kind.

// groupColumn is the name of the column for the title of the group.
const groupColumn = "Group"

// subitemColumn is the first column of the subitems, and a column of the items.
const subitemColumn = "Subitems"

// groups are the parts of a file that repeats its line of column names.
type groups struct {
	cells    *csvCells
	names    []csvCell   // the line of column names
	titled   bool        // the file begins with a title, so each group has one
	title    string      // of the current group
	subitems bool        // the rows are subitems, until one has a cell in the first column
	repeated int         // lines that repeat the column names, so far
	footer   []csvRecord // the lines at the end that are left out
	several  int         // rows with several cells, so far
	lone     int         // rows with nothing but their first cell, so far
	ahead    []csvRecord // that were read ahead
	blank    bool        // the last record was blank
	judged   int         // how many of them are known to be in no footer
}

// csvRecord is a record of the file as it was read.
type csvRecord struct {
	cells []csvCell
	count int
	size  int
	line  int // in which it begins

	afterBlank bool // a blank line comes before it

	fault *crm.Error
	err   error
}

// firstGroup returns whether the line above the column names has a single cell, as a title has, and
// that title if the beginning of the file has the same column names again. In other files the line
// says something about the whole file, or the first group is long.
func firstGroup(h header, head []byte) (titled bool, title string) {
	if len(h.above) == 0 {
		return false, ""
	}
	cells, err := h.cellsOf([]byte(h.above[len(h.above)-1])).record(0)
	if err != nil || !isTitle(cells) {
		return false, ""
	}
	line, rest, _ := bytes.Cut(head[min(h.offset, len(head)):], []byte("\n"))
	if len(line) == 0 || !bytes.Contains(rest, append([]byte("\n"), line...)) {
		return true, ""
	}
	return true, cells[0].text
}

// next returns row n, which is neither a title nor a line of column names.
func (g *groups) next(n int) csvRecord {
	for {
		g.leaveFooter(n)
		r := g.read(n)
		switch {
		case r.err != nil || r.fault != nil:
			return r
		case g.isHeader(r):
			g.repeated++
			g.subitems = false
		case g.isSubheader(r):
			g.subitems = true
		case g.titled && isTitle(r.cells) && len(g.names) > 1:
			if !g.isHeader(g.peek(n+1, 0)) {
				return g.checked(r)
			}
			g.title = r.cells[0].text
		default:
			return g.checked(r)
		}
	}
}

// read returns the record that was read ahead, or the next one of the file.
func (g *groups) read(n int) csvRecord {
	if len(g.ahead) > 0 {
		r := g.ahead[0]
		g.ahead = g.ahead[1:]
		return r
	}
	return g.fromFile(n)
}

// fromFile returns the next record of the file.
func (g *groups) fromFile(n int) csvRecord {
	cells, err := g.cells.record(n)
	return csvRecord{cells: cells, count: g.cells.count, size: g.cells.size, line: g.cells.start, fault: g.cells.fault, err: err, afterBlank: g.cells.afterBlank}
}

// isTitle reports whether a line has nothing but its first cell.
func isTitle(cells []csvCell) bool { return len(cells) == 1 && cells[0].at == 0 }

// isHeader reports whether a record is the line of column names.
func (g *groups) isHeader(r csvRecord) bool {
	return r.err == nil && len(g.names) > 1 && slices.EqualFunc(r.cells, g.names, func(a, b csvCell) bool { return a.at == b.at && a.text == b.text })
}

// isSubheader reports whether a record is the line of column names of subitems.
func (g *groups) isSubheader(r csvRecord) bool {
	has := func(cell csvCell) bool { return strings.EqualFold(cell.text, subitemColumn) }
	return len(r.cells) > 1 && r.cells[0].at == 0 && has(r.cells[0]) && r.cells[1].text == g.names[0].text && slices.ContainsFunc(g.names, has)
}

// checked refuses the row of a subitem, whose cells are not those of the columns.
func (g *groups) checked(r csvRecord) csvRecord {
	g.note(r)
	if !g.subitems || len(r.cells) == 0 {
		return r
	}
	if r.cells[0].at == 0 {
		g.subitems = false
		return r
	}
	r.fault = crm.Errorf(crm.InvalidValue, "the row is a subitem, so its cells are not those of the columns. Leave subitems out of the export, or put them into a file of their own and send it to POST /import/tasks.")
	return r
}
