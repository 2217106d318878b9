package fieldpath

import (
	"strings"

	"crmkit/crm"
)

// Bound is a condition on the record to which a path leads at its Level. Several that are joined with and are about
// the same record if they have the same steps up to there.
type Bound struct {
	Target Target
	Test   string
}

// Level returns the number of steps up to the last one back: there one record is chosen of several, and the
// steps behind it lead to one record each. It is 0 if there is no such step.
func (t Target) Level() int {
	level := 0
	for i, h := range t.Hops {
		if h.Back != nil {
			level = i + 1
		}
	}
	return level
}

// Plural returns the words of the first steps, up to the first one back.
func (t Target) Plural() string { return nameOf(t.Hops[:next(t.Hops, 0)]) }

// Any returns the condition that the path leads to a record, whichever it is, without its last step back. So it can
// be negated. The target must end at its Level.
func (t Target) Any() Bound {
	last := len(t.Hops)
	before := Target{Hops: t.Hops[: last-1 : last-1]}
	return Bound{Target: before, Test: wrap(t.Hops, before.Level(), last, "TRUE")}
}

// Group is what is asked about one record.
type Group struct {
	hops []Hop
	test string // on the record
}

// Bind returns the groups of conditions that are joined with and, in the order in which their first conditions were added.
func Bind(list []Bound) []Group { return bind(list, 0) }

// bind groups conditions that have the first steps in common.
func bind(list []Bound, level int) (groups []Group) {
	members := map[string][]Bound{}
	var order []string
	for _, b := range list {
		name := nameOf(b.Target.Hops[level:next(b.Target.Hops, level)])
		if members[name] == nil {
			order = append(order, name)
		}
		members[name] = append(members[name], b)
	}
	for _, name := range order {
		hops := members[name][0].Target.Hops
		end := next(hops, level)
		var tests []string
		var further []Bound
		for _, b := range members[name] {
			if b.Target.Level() == end {
				tests = append(tests, b.Test)
			} else {
				further = append(further, b)
			}
		}
		for _, g := range bind(further, end) {
			tests = append(tests, g.SQL(end))
		}
		groups = append(groups, Group{hops[:end], strings.Join(tests, " AND ")})
	}
	return groups
}

// next returns the number of steps up to the first one back behind the first ones.
func next(hops []Hop, first int) int {
	for i := first; i < len(hops); i++ {
		if hops[i].Back != nil {
			return i + 1
		}
	}
	return len(hops)
}

// nameOf returns a text that is the same for the same steps.
func nameOf(hops []Hop) string {
	var words []string
	for _, h := range hops {
		switch {
		case h.Back != nil:
			words = append(words, h.Back.Name)
		case h.Link != nil:
			words = append(words, h.Link.Name+"()")
		default:
			words = append(words, h.Field.Path())
		}
	}
	return strings.Join(words, ".")
}

// SQL returns the condition of the group on the record after its first steps.
func (g Group) SQL(first int) string { return wrap(g.hops, first, len(g.hops), g.test) }

// Source is SQL that yields keys of records of the list.
type Source struct{ From, Key, Where string }

// Sources returns where the keys of the records that match the group can be read, without the records of
// the list; none if the group does not begin with a step back. An index of a column may serve there, and not in
// SQL, which follows references from each record.
func (g Group) Sources() (list []Source) {
	if len(g.hops) != 1 {
		return nil
	}
	from, columns, scope := g.hops[0].back(1)
	test := g.test
	for i := range g.hops[0].To.Fields {
		if f := &g.hops[0].To.Fields[i]; f.Indexed && f.Type.Kind() == crm.TextKind {
			column := Alias(1) + "." + f.Col() + " "
			test = strings.ReplaceAll(test, NoIndex(column), column)
		}
	}
	for _, column := range columns {
		list = append(list, Source{From: from, Key: column, Where: scope + " AND " + column + " IS NOT NULL AND " + test})
	}
	return list
}
