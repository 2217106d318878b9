package render

import (
	"slices"
	"strconv"
)

// Part says which lines of the dry run of a batch an answer shows.
type Part struct {
	Done, Failed, Untried int    // of all lines
	Next                  string // the cursor of further lines; empty: there are none
}

// Page returns some of the receipts, and what part of all they are. If not all of them fit, those of lines that
// failed or were not tried come first.
func (list Receipts) Page(from, to int) (Receipts, *Part) {
	p := &Part{}
	p.Done, p.Failed, p.Untried = list.Counts()
	if to-from < len(list) {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b Receipt) int { return a.rank() - b.rank() })
	}
	return list[from:to], p
}

// rank is lower for lines that are shown first.
func (r Receipt) rank() int {
	if r.Doc != nil && r.Doc.Error == nil {
		return 1
	}
	return 0
}

// Lines returns how many lines the batch has.
func (p *Part) Lines() int { return p.Done + p.Failed + p.Untried }

// isWhole reports whether the lines are all, as those of a write in earnest are.
func (p *Part) isWhole(shown Receipts) bool { return p == nil || p.Lines() == len(shown) }

// of returns the part that lines are.
func (p *Part) of(shown Receipts) Part {
	if p != nil {
		return *p
	}
	var all Part
	all.Done, all.Failed, all.Untried = shown.Counts()
	return all
}

// appendLines appends the lines of a batch and their counts, which an error has only where not all lines are
// shown.
func (d *Response) appendLines(b []byte) []byte {
	if d.Receipts == nil {
		return b
	}
	b = d.Receipts.appendText(b, d.Zone)
	if d.Error != nil && d.Part.isWhole(d.Receipts) {
		return b
	}
	return d.Part.appendText(b, d.Receipts)
}

// appendText appends how many lines are shown, unless it is all, how many had each outcome, as in
// "# 2 done, 1 failed, 1 not tried", and where there are more.
func (p *Part) appendText(b []byte, shown Receipts) []byte {
	all := p.of(shown)
	if all.Lines() > len(shown) {
		b = strconv.AppendInt(append(b, "# "...), int64(len(shown)), 10)
		b = append(strconv.AppendInt(append(b, " of "...), int64(all.Lines()), 10), " lines\n"...)
	}
	b = append(strconv.AppendInt(append(b, "# "...), int64(all.Done), 10), " done"...)
	if all.Failed > 0 {
		b = append(strconv.AppendInt(append(b, ", "...), int64(all.Failed), 10), " failed"...)
	}
	if all.Untried > 0 {
		b = append(strconv.AppendInt(append(b, ", "...), int64(all.Untried), 10), " not tried"...)
	}
	return appendMore(append(b, '\n'), all.Next)
}

// members appends how many lines had each outcome, and the cursor of more.
func (p *Part) members(o *object, shown Receipts) {
	all := p.of(shown)
	o.raw("done", strconv.Itoa(all.Done))
	o.raw("failed", strconv.Itoa(all.Failed))
	o.raw("not_tried", strconv.Itoa(all.Untried))
	if all.Next != "" {
		o.text("next_cursor", all.Next)
	}
}

// appendMore appends which parameters show more of a dry run.
func appendMore(b []byte, cursor string) []byte {
	if cursor == "" {
		return b
	}
	return append(append(append(b, "# more: dry_run=1&limit=200&cursor="...), cursor...), '\n')
}
