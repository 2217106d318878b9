package render

import "strconv"

// appendCounts appends how many rows are shown and how many there are: "# 50 of 1234
// contacts". The total is 10000+ if counting stopped there, and is left out if it is 0 or
// was not counted. Of groups it appends how many there are, and how many rows are in them.
func (p *Page) appendCounts(b []byte, n int) []byte {
	if p == nil {
		return b
	}
	b = append(b, "# "...)
	all := p.Total
	switch {
	case p.Grouped && p.groups(n) == 1:
		b = strconv.AppendInt(append(b, "1 group of "...), all, 10)
	case p.Grouped:
		b = strconv.AppendInt(append(strconv.AppendInt(b, int64(p.groups(n)), 10), " groups of "...), all, 10)
	case p.Counted && p.Total > 0:
		b = strconv.AppendInt(append(strconv.AppendInt(b, int64(n), 10), " of "...), all, 10)
		if !p.Exact {
			b = append(b, '+')
		}
	default:
		all = int64(n)
		b = strconv.AppendInt(b, all, 10)
	}
	noun := p.Plural
	if all == 1 {
		noun = p.Noun
	}
	return append(append(append(b, ' '), noun...), '\n')
}

// appendText appends how many of a kind are shown, and the path that lists all.
func (g *Group) appendText(b []byte) []byte {
	b = append(append(append(b, "# "...), g.Kind...), ": "...)
	b = strconv.AppendInt(b, int64(g.Shown), 10)
	if !g.whole() {
		b = strconv.AppendInt(append(b, " of "...), g.Total, 10)
		if !g.Exact {
			b = append(b, '+')
		}
		b = append(append(b, "; all: GET "...), g.All...)
	}
	return append(b, '\n')
}

// appendCursor appends the cursor of the next page, or the place from which a later list goes on.
func (p *Page) appendCursor(b []byte) []byte {
	switch {
	case p == nil:
		return b
	case p.cut != "" && p.Next != "":
		return append(append(append(append(append(b, "# "...), p.cut...), "; next="...), p.Next...), '\n')
	case p.cut != "":
		b = append(append(append(b, "# "...), p.cut...), '\n')
	}
	switch {
	case p.Cursor != "":
		return append(append(append(b, "# cursor: "...), p.Cursor...), '\n')
	case p.Next != "":
		return append(append(append(b, "# next: "...), p.Next...), '\n')
	}
	return b
}

// groups returns how many groups a list of groups has, of which n are shown.
func (p *Page) groups(n int) int { return n + p.without }
