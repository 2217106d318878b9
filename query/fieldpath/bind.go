package fieldpath

import (
	"slices"
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

// Group is what is asked about one record: conditions on it, and on others that its steps lead to.
type Group struct {
	hops    []Hop
	first   int // the steps before it are those of the group around it
	own     []string
	further []Group
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
		g := Group{hops: hops[:end], first: level}
		var further []Bound
		for _, b := range members[name] {
			if b.Target.Level() == end {
				g.own = append(g.own, b.Test)
			} else {
				further = append(further, b)
			}
		}
		g.further = bind(further, end)
		groups = append(groups, g)
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

// SQL returns the condition of the group on the record before its steps.
func (g Group) SQL() string {
	tests := slices.Clone(g.own)
	for _, each := range g.further {
		tests = append(tests, each.SQL())
	}
	return wrap(g.hops, g.first, len(g.hops), strings.Join(tests, " AND "))
}

// Source is SQL that yields keys of records of the list.
type Source struct{ From, Key, Where string }

// Sources returns where the keys of the records that match the group can be read, without the records of
// the list e, and possibly with keys of others; none if it has more than one step before the step back.
func (g Group) Sources(e *crm.Entity) (list []Source) {
	last := g.keys()
	if len(g.hops) == 1 {
		return last
	}
	for _, column := range g.columns("g") {
		where := NoIndex("g.workspace_id = $1") + " AND " + column + " IN (" + union(last) + ")"
		list = append(list, Source{From: e.TableName() + " g", Key: "g.key", Where: where})
	}
	return list
}

// columns returns the columns of the record before the steps that have the keys of the records before the step back; none if
// there is no such column.
func (g Group) columns(alias string) []string {
	steps := g.hops[g.first : len(g.hops)-1]
	switch {
	case len(steps) == 0:
		return []string{alias + ".key"}
	case len(steps) > 1 || steps[0].Link != nil:
		return nil
	case steps[0].Alternate != nil:
		return []string{alias + "." + steps[0].Field.Col(), alias + "." + steps[0].Alternate.Col()}
	}
	return []string{alias + "." + steps[0].Field.Col()}
}

// keys returns where the keys of the records before the step back are read. An index of a column may serve there, and not in
// SQL, which follows references from each record. Without conditions on the record itself all of its kind would be
// read, each with a look at the others; so the others are read first.
func (g Group) keys() (list []Source) {
	end := len(g.hops)
	from, back, workspace := g.hops[end-1].back(end)
	scope := workspace
	var tests []string
	for _, test := range g.own {
		tests = append(tests, indexed(g.hops[end-1].To, Alias(end), test))
	}
	for _, each := range g.further {
		test := each.SQL()
		if columns := each.columns(Alias(end)); len(g.own) == 0 && len(columns) > 0 {
			scope = NoIndex(workspace) // the keys find the record
			for i := range columns {
				columns[i] += " IN (" + union(each.keys()) + ")"
			}
			test = anyOf(columns)
		}
		tests = append(tests, test)
	}
	for _, column := range back {
		where := append([]string{scope, column + " IS NOT NULL"}, tests...)
		list = append(list, Source{From: from, Key: column, Where: strings.Join(where, " AND ")})
	}
	return list
}

// indexed returns a test in which the indexes of columns may be used.
func indexed(e *crm.Entity, alias, test string) string {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Indexed && f.Type.Kind() == crm.TextKind {
			column := alias + "." + f.Col() + " "
			test = strings.ReplaceAll(test, NoIndex(column), column)
		}
	}
	return test
}

// union returns the SQL of the keys of some sources.
func union(list []Source) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = "SELECT " + s.Key + " FROM " + s.From + " WHERE " + s.Where
	}
	return strings.Join(parts, " UNION ALL ")
}
