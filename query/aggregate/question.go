package aggregate

import (
	"net/url"
	"slices"
	"time"

	"crmkit/crm"
	"crmkit/crm/declared"
	"crmkit/crm/pipeline"
	"crmkit/query"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// The limits of an answer.
const (
	MaxGroups   = 3    // groups that a request names
	MaxMeasures = 10   // measures
	MaxLines    = 1000 // lines; the rest is added up in one
)

// Question is a compiled request for numbers.
type Question struct {
	Query     *query.Query // which records
	Groups    []Group
	Measures  []Measure
	Sort      Sort
	Links     bool // each line has the path of its records
	TotalOnly bool // how many records there are, and nothing else
	Compares  bool // the answer has two times
	Env       query.Env

	zone *time.Location // of the workspace
}

// Group is a field whose values are the groups.
type Group struct {
	Name   string // as answers show it, and as a request may name it
	Path   string // without the unit
	Target fieldpath.Target
	Unit   Unit             // of a time; empty: the group is the value
	Added  bool             // the request does not name it: it is the currency of a measure
	Money  bool             // it is the currency of a measure
	Member *declared.Member // of a declared key; nil: the group is another field

	flow *pipeline.Flow // of the workspace, which orders stages
}

// Measure is a number that each line has.
type Measure struct {
	Name   string // as answers show it
	Func   Func
	Path   string
	Target fieldpath.Target
	Member *declared.Member // of a declared key; nil: the measure is of another field
}

// Func says how the values of the records of a line become one.
type Func string

// The functions, which are the names of their parameters too.
const (
	Sum      Func = "sum"
	Avg      Func = "avg"
	Min      Func = "min"
	Max      Func = "max"
	Distinct Func = "count_distinct"
)

// Funcs are the functions in the order in which answers show them.
var Funcs = []Func{Sum, Avg, Min, Max, Distinct}

// Sort is the order of lines: by a column, then by the groups.
type Sort struct {
	Group   int // the place of a group; -1: another column
	Measure int // the place of a measure; -1: the number of records
	Part    Part
	Desc    bool
}

// Part is a part of a column of an answer that compares two times.
type Part string

// The parts, which are the ends of the names of columns.
const (
	Now  Part = ""
	Then Part = "_then"
	Diff Part = "_diff"
)

// Asked reports whether the parameters of a list ask for numbers.
func Asked(params url.Values) bool {
	return slices.ContainsFunc(crm.AggregateParams, params.Has)
}

// Leads returns the kind of the records that are the groups; nil: the groups are no records.
func (g *Group) Leads() *crm.Entity {
	switch f := g.Target.Field; {
	case f.IsReference():
		return g.Target.Entity.Target(f)
	case f.IsIdentity():
		return g.Target.Entity
	}
	return nil
}

// IsMany reports whether a record may be in several groups.
func (g *Group) IsMany() bool { return manySteps(g.Target) > 0 }

// IsCovered reports whether an index of the records has the whole answer: the number of records with each value of an
// indexed field.
func (q *Question) IsCovered() bool {
	if len(q.Groups) != 1 || len(q.Measures) > 0 || !q.Query.Unfiltered {
		return false
	}
	t := q.Groups[0].Target
	return len(t.Hops) == 0 && t.Key == "" && t.Field.Indexed && q.Groups[0].Unit == ""
}

// IsMany reports whether a record may be in several lines.
func (q *Question) IsMany() bool {
	for i := range q.Groups {
		if q.Groups[i].IsMany() {
			return true
		}
	}
	return false
}

// ZoneIn returns the zone of the units of a group in a workspace's zone. Times under own keys are stored and
// compared in UTC, and declared dates have no zone.
func (g *Group) ZoneIn(zone *time.Location) *time.Location {
	if zone == nil || g.Target.Key != "" && (g.Member == nil || g.Member.Of.Type != declared.Time) {
		return time.UTC
	}
	return zone
}

// manySteps returns how many steps of a path lead to several values.
func manySteps(t fieldpath.Target) (n int) {
	for _, h := range t.Hops {
		if h.Link != nil || h.Alternate != nil {
			n++
		}
	}
	if t.Alternate != nil || isLabels(t.Field) {
		n++
	}
	return n
}

// Shares reports whether two groups lead through a step to several records, so that a line is of those that one of these has
// together, which filters do not ask for.
func (q *Question) Shares() bool {
	through := 0
	for i := range q.Groups {
		if t := q.Groups[i].Target; manySteps(t) > 0 && !isLabels(t.Field) {
			through++
		}
	}
	return through > 1
}

// isLabels reports whether a field has several labels.
func isLabels(f *crm.Field) bool { return f.Type.Comparison().By == crm.ByLabel }

// IsTime reports whether a measure is a time.
func (m *Measure) IsTime() bool {
	if m.Func != Min && m.Func != Max {
		return false
	}
	if m.Target.Key != "" {
		return m.Member != nil && operand.Order{Member: m.Member}.IsTime()
	}
	return m.Target.Field.Type.Comparison().By == crm.ByTime
}

// IsDecimal reports whether the values of a measure are decimals: those under an own key. They are stored in
// millionths.
func (m *Measure) IsDecimal() bool { return m.Target.Key != "" && m.Func != Distinct && !m.IsTime() }

// IsText reports whether values under an own key are texts, so that 7 and 7.0 are two of them.
func IsText(m *declared.Member) bool { return m != nil && m.Type.Comparison().By != crm.ByNumber }

// Kinds returns the kinds of records that the groups and measures lead to.
func (q *Question) Kinds() (kinds []*crm.Entity) {
	add := func(t fieldpath.Target) {
		for _, h := range t.Hops {
			if h.Link != nil {
				kinds = append(kinds, h.Link.Via)
			}
			kinds = append(kinds, h.To)
		}
		if t.Field.IsReference() {
			kinds = append(kinds, t.Entity.Target(t.Field))
		}
	}
	for i := range q.Groups {
		add(q.Groups[i].Target)
	}
	for i := range q.Measures {
		add(q.Measures[i].Target)
	}
	return kinds
}

// Columns returns the names of the columns, in the order of answers.
func (q *Question) Columns() (names []string) {
	for i := range q.Groups {
		names = append(names, q.Groups[i].Name)
	}
	numbers := []string{"count"}
	for i := range q.Measures {
		numbers = append(numbers, q.Measures[i].Name)
	}
	for _, name := range numbers {
		names = append(names, name)
		if q.Compares {
			names = append(names, name+string(Then), name+string(Diff))
		}
	}
	return names
}
