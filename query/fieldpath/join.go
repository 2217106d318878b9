package fieldpath

import (
	"fmt"
	"strconv"
	"strings"

	"crmkit/crm"
)

// Alias returns the table alias of the entity after n hops.
func Alias(n int) string {
	if n == 0 {
		return "t"
	}
	return "r" + strconv.Itoa(n)
}

// Alias returns the alias of the table that has the field.
func (t Target) Alias() string {
	if t.Tie {
		return between(len(t.Hops))
	}
	return Alias(len(t.Hops))
}

// between returns the alias of the table between, if step i is a link.
func between(i int) string { return "l" + strconv.Itoa(i) }

// Columns returns the columns that a condition on the target compares.
func (t Target) Columns() []string {
	columns := []string{t.Alias() + "." + t.Field.Col()}
	if t.Alternate != nil {
		columns = append(columns, t.Alias()+"."+t.Alternate.Col())
	}
	return columns
}

// Join wraps a test on the target's own table into the steps behind its Level, as nested subqueries: a join
// would repeat the row for each match.
func (t Target) Join(test string) string { return wrap(t.Hops, t.Level(), len(t.Hops), test) }

// wrap wraps a test on the table after some steps into those behind the first ones. Each step checks the workspace
// again, because a record that is being deleted is in no workspace but may still be referred to.
func wrap(hops []Hop, first, last int, test string) string {
	for i := last; i > first; i-- {
		test = hops[i-1].join(i, test)
	}
	return test
}

// join wraps a test into one step.
func (h Hop) join(i int, test string) string {
	inWorkspace := NoIndex(Alias(i) + ".workspace_id = $1") // the key finds the record
	switch {
	case h.Back != nil:
		from, keys, scope := h.back(i)
		for n := range keys {
			keys[n] += " = " + Alias(i-1) + ".key"
		}
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s AND %s AND %s)", from, anyOf(keys), NoIndex(scope), test)
	case h.Link != nil:
		return h.joinLink(i, test)
	}
	same := fmt.Sprintf("%s.key = %s.%s", Alias(i), Alias(i-1), h.Field.Col())
	if h.Alternate != nil {
		same = fmt.Sprintf("%s.key IN (%s.%s, %s.%s)", Alias(i), Alias(i-1), h.Field.Col(), Alias(i-1), h.Alternate.Col())
	}
	return fmt.Sprintf("EXISTS (SELECT 1 FROM %s %s WHERE %s AND %s AND %s)", h.To.TableName(), Alias(i), same, inWorkspace, test)
}

// back returns the tables of a step back, the columns with the record to which they refer, and the condition that they are of the
// workspace.
func (h Hop) back(i int) (from string, columns []string, scope string) {
	if l := h.Back.Link; l != nil {
		return linked(l, i), []string{between(i) + "." + l.Via.Field(l.From).Col()}, between(i) + ".workspace_id = $1"
	}
	for _, f := range h.Back.Fields {
		columns = append(columns, Alias(i)+"."+f.Col())
	}
	return h.To.TableName() + " " + Alias(i), columns, Alias(i) + ".workspace_id = $1"
}

// linked returns the tables of a link: the records between, and those at its other end.
func linked(l *crm.ManyToMany, i int) string {
	return fmt.Sprintf("%s %s JOIN %s %s ON %s.key = %s.%s AND %s", l.Via.TableName(), between(i), l.End.TableName(), Alias(i), Alias(i), between(i), l.Via.Field(l.To).Col(), NoIndex(Alias(i)+".workspace_id = $1"))
}

// anyOf returns the condition that one of some conditions holds.
func anyOf(tests []string) string {
	if len(tests) == 1 {
		return tests[0]
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// joinLink wraps a test into a link. One with a main reference is followed from each record of the list; others may be few.
func (h Hop) joinLink(i int, test string) string {
	l, row, by := h.Link, between(i), h.Link.Via.Field(h.Link.From).Col()
	from := linked(l, i)
	if h.To == l.Via {
		from, row = h.To.TableName()+" "+Alias(i), Alias(i)
	}
	if l.Main != "" {
		return fmt.Sprintf("EXISTS (SELECT 1 FROM %s WHERE %s.%s = %s.key AND %s AND %s)", from, row, by, Alias(i-1), NoIndex(row+".workspace_id = $1"), test)
	}
	return fmt.Sprintf("%s.key IN (SELECT %s.%s FROM %s WHERE %s.workspace_id = $1 AND %s.%s IS NOT NULL AND %s)", Alias(i-1), row, by, from, row, row, by, test)
}
