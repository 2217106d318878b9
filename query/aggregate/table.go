package aggregate

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
)

// Line is a line of an answer.
type Line struct {
	Keys   []crm.Value // of the groups, of times the beginning of the unit; nil: of no group
	Others bool        // it adds up the lines that were left out
	Count  int64       // records
	Values []Value     // of the measures
	Then   *Line       // of the other time, if the answer compares two

	folds []string // of the keys, see Group.foldOf
}

// add adds the records of another line.
func (l *Line) add(other Line) {
	l.Count += other.Count
	for i := range l.Values {
		l.Values[i].add(other.Values[i])
	}
}

// zero returns a line without records.
func (q *Question) zero(keys []crm.Value) Line {
	return Line{Keys: keys, Values: make([]Value, len(q.Measures))}
}

// Table collects the lines of an answer. It keeps the first MaxLines in the order of the question and adds up
// the rest, so its size does not depend on how many lines there are.
type Table struct {
	q      *Question
	lines  []Line
	others []Line // by the currencies of the question
	groups int64  // lines so far
}

// NewTable returns a table of a question without lines.
func NewTable(q *Question) *Table { return &Table{q: q} }

// Add adds a line. No other has its keys.
func (t *Table) Add(l Line) {
	l.folds = make([]string, len(l.Keys))
	for i, v := range l.Keys {
		l.folds[i] = t.q.Groups[i].foldOf(v)
	}
	t.groups++
	if t.lines = append(t.lines, l); len(t.lines) >= 2*MaxLines {
		t.cut()
	}
}

// cut sorts the lines, and adds those after the first MaxLines to the others.
func (t *Table) cut() {
	slices.SortFunc(t.lines, t.q.compare)
	for _, l := range t.lines[min(MaxLines, len(t.lines)):] {
		t.addOther(l)
	}
	t.lines = t.lines[:min(MaxLines, len(t.lines))]
}

// addOther adds a line to the one of the others that has its currencies.
func (t *Table) addOther(l Line) {
	keys := make([]crm.Value, len(l.Keys))
	for i := range l.Keys {
		if t.q.Groups[i].Money {
			keys[i] = l.Keys[i]
		}
	}
	for i := range t.others {
		if slices.EqualFunc(t.others[i].Keys, keys, crm.Value.Equal) {
			t.others[i].add(l)
			return
		}
	}
	l.Keys, l.Others, l.folds = keys, true, nil
	l.Values = slices.Clone(l.Values)
	for i := range l.Values {
		l.Values[i].Distinct = -1
	}
	t.others = append(t.others, l)
}

// Lines returns the lines that are kept so far.
func (t *Table) Lines() []Line {
	if len(t.lines) > MaxLines {
		t.cut()
	}
	return t.lines
}

// Answer is the lines of an answer, sorted.
type Answer struct {
	Lines     []Line
	Groups    int64 // lines without those of the others
	Unfilled  bool  // times without records are left out, because there would be too many lines
	Uncounted bool  // the lines of the others have no counts of different values
}

// Answer returns the lines. The table must not be used after it.
func (t *Table) Answer() Answer {
	if t.groups > MaxLines {
		t.cut()
		slices.SortFunc(t.others, func(a, b Line) int { return slices.CompareFunc(a.Keys, b.Keys, compareCells) })
		counts := slices.ContainsFunc(t.q.Measures, func(m Measure) bool { return m.Func == Distinct })
		return Answer{append(t.lines, t.others...), t.groups, t.q.hasUnits(), counts}
	}
	return t.q.finish(t.lines)
}

// finish returns the answer of lines that all fit.
func (q *Question) finish(lines []Line) Answer {
	lines, filled := q.fill(lines)
	if len(lines) == 0 && !q.hasNamedGroups() {
		lines = []Line{q.zero(nil)}
		if then := q.zero(nil); q.Compares {
			lines[0].Then = &then
		}
	}
	for i := range lines {
		lines[i].folds = make([]string, len(lines[i].Keys))
		for k, v := range lines[i].Keys {
			lines[i].folds[k] = q.Groups[k].foldOf(v)
		}
	}
	slices.SortFunc(lines, q.compare)
	return Answer{Lines: lines, Groups: int64(len(lines)), Unfilled: !filled}
}

// hasNamedGroups reports whether the request names a group.
func (q *Question) hasNamedGroups() bool {
	return slices.ContainsFunc(q.Groups, func(g Group) bool { return !g.Added })
}

// compare orders lines by the column of the question, then by their groups.
func (q *Question) compare(a, b Line) int {
	order, s := 0, q.Sort
	switch {
	case s.Group >= 0:
		order = q.compareGroup(s.Group, a, b)
	case s.Part != Now:
		order = q.comparePart(a, b)
	case s.Measure < 0:
		order = descending(s, cmp.Compare(a.Count, b.Count))
	default:
		by, known := q.Measures[s.Measure].compare(a.Values[s.Measure], b.Values[s.Measure])
		if order = by; known {
			order = descending(s, by)
		}
	}
	for i := 0; order == 0 && i < len(a.Keys) && i < len(b.Keys); i++ {
		order = q.Groups[i].compareKeys(a.Keys[i], b.Keys[i], a.folds[i], b.folds[i])
	}
	return order
}

// compareGroup orders lines by one group.
func (q *Question) compareGroup(at int, a, b Line) int {
	if len(a.Keys) == 0 {
		return 0
	}
	order := q.Groups[at].compareKeys(a.Keys[at], b.Keys[at], a.folds[at], b.folds[at])
	if a.Keys[at].Set() && b.Keys[at].Set() {
		return descending(q.Sort, order)
	}
	return order
}

func descending(s Sort, order int) int {
	if s.Desc {
		return -order
	}
	return order
}

// compareCells orders values of any kind.
func compareCells(a, b crm.Value) int {
	return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(a.Int, b.Int))
}

// keyOf returns a text that is the same for lines with the same keys.
func keyOf(keys []crm.Value) string {
	var b strings.Builder
	for _, v := range keys {
		b.WriteString(strconv.Itoa(int(v.Kind)) + " " + strconv.FormatInt(v.Int, 10) + strconv.Quote(v.Text))
	}
	return b.String()
}
