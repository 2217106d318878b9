package query

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// Range is one part of a list whose rows an index has in order: a condition and an order. The
// store reads the ranges of a list one after the other until its limit is reached.
type Range struct {
	Where string // without the scope; never empty
	Order SortTerms
	Args  []any
}

// SortTerm is one term of an order.
type SortTerm struct {
	By   string // SQL of an expression
	Desc bool
}

// SortTerms are an order. The last term is the key, so the order is total.
type SortTerms []SortTerm

// String returns the SQL after ORDER BY.
func (list SortTerms) String() string { return list.Of(list.Columns()) }

// Columns returns the expressions of the terms.
func (list SortTerms) Columns() []string {
	columns := make([]string, len(list))
	for i, t := range list {
		columns[i] = t.By
	}
	return columns
}

// Of returns the SQL of the same order for a subquery that has the terms in other columns.
func (list SortTerms) Of(columns []string) string {
	texts := slices.Clone(columns)
	for i, t := range list {
		if t.Desc {
			texts[i] += " DESC"
		}
	}
	return strings.Join(texts, ", ")
}

// Ranges returns the ranges after the cursor: the rows that have a sort value, then those that have none. Engines
// differ in where they sort NULL; apart, each of the two is a plain index range in every engine.
func (q *Query) Ranges() []Range {
	if q.bestRank != "" {
		return []Range{{Where: and(q.Where), Order: SortTerms{{q.bestRank, false}, {"t.updated_at", true}, {"t.key", true}}, Args: slices.Concat(q.Args, q.bestArgs)}}
	}
	key := q.sortKey()
	if key.column == "t.key" {
		return []Range{q.KeyRange(key.column)}
	}
	var pages []Range
	switch {
	case q.after == nil:
		pages = append(pages, q.nonNullRange(key, ""))
	case !q.after.unset:
		pages = append(pages, q.nonNullRange(key, "="), q.nonNullRange(key, q.afterCursor()))
	}
	if !key.notNull {
		pages = append(pages, q.nullRange(key))
	}
	return pages
}

// KeyRange returns the range after the cursor if the order is that of keys. column is the column of the key.
func (q *Query) KeyRange(column string) Range {
	less := q.afterCursor()
	p := Range{Args: slices.Clone(q.Args), Order: SortTerms{{column, q.Order.Desc}}}
	where := slices.Clone(q.Where)
	if q.after != nil {
		where = append(where, column+less+p.arg(q.after.key))
	}
	p.Where = and(where)
	return p
}

// After returns the query for the rows after a record, in the same order.
func (q *Query) After(last crm.Record) *Query {
	behind, m := *q, q.positionOf(last)
	behind.after = &m
	return &behind
}

// First reports whether the query begins at the start of the list.
func (q *Query) First() bool { return q.after == nil }

// sortKey is the column by which a list is ordered.
type sortKey struct {
	column  string // empty: a subquery, see in
	notNull bool   // every record has a value there
}

// sortKey returns the column of the order.
func (q *Query) sortKey() sortKey {
	f := q.Order.Field
	switch {
	case q.Order.key != nil:
		return sortKey{}
	case q.Order.by != "":
		return sortKey{q.Order.by, false}
	case isKey(f):
		return sortKey{"t.key", true}
	case f.ComparesFolds():
		return sortKey{FoldedSQL("t", f), f.Required || f.Choices.Ordered && f.Default != ""}
	}
	return sortKey{"t." + f.Col(), f.NotNull() && (!q.Entity.IsView() || !f.ReadOnly || f.Type.Kind() == crm.TimeKind)}
}

// in returns the SQL of a sort key in a range. That of a key of custom has arguments.
func (k sortKey) in(p *Range, q *Query) string {
	if q.Order.key == nil {
		return k.column
	}
	t := fieldpath.Target{Entity: q.Entity, Field: q.Entity.Field("custom")}
	return fmt.Sprintf("(SELECT %s FROM custom_values v WHERE v.name_id = %s AND v.record = t.key)", operand.Order{Member: q.Order.key}.SQL(p.arg), nameKey(t, p.arg(q.Order.key.Key)))
}

// afterCursor returns the operator for values that come later in the order.
func (q *Query) afterCursor() string {
	if q.Order.Desc {
		return " < "
	}
	return " > "
}

// nonNullRange returns the range of the rows that have a sort value; behind a cursor, of
// those with its value (compared is "="), or of those with one that comes later. The two
// are ranges of their own because SQLite takes only the first part of a comparison of
// pairs for its index, and would read all rows with the value of the cursor for each page.
func (q *Query) nonNullRange(key sortKey, compared string) Range {
	p := Range{Args: slices.Clone(q.Args)}
	column := key.in(&p, q)
	p.Order = SortTerms{{column, q.Order.Desc}, {"t.key", q.Order.Desc}}
	where := slices.Clone(q.Where)
	if !key.notNull {
		where = append(where, column+" IS NOT NULL") // SQLite does not see it in the comparison of a pair, and needs it for a partial index
	}
	switch compared {
	case "":
	case "=":
		where = append(where, column+" = "+p.arg(q.after.value(q.Order)), "t.key"+q.afterCursor()+p.arg(q.after.key))
	default:
		where = append(where, column+compared+p.arg(q.after.value(q.Order)))
	}
	p.Where = and(where)
	return p
}

// nullRange returns the range of the rows without a sort value, ordered by key.
func (q *Query) nullRange(key sortKey) Range {
	less := q.afterCursor()
	p := Range{Args: slices.Clone(q.Args), Order: SortTerms{{"t.key", q.Order.Desc}}}
	where := append(slices.Clone(q.Where), key.in(&p, q)+" IS NULL")
	if q.after != nil && q.after.unset {
		where = append(where, "t.key"+less+p.arg(q.after.key))
	}
	p.Where = and(where)
	return p
}

// arg adds an argument to those of the query and returns its placeholder.
func (p *Range) arg(v any) string {
	p.Args = append(p.Args, v)
	return "$" + strconv.Itoa(len(p.Args)+1)
}

// value returns the sort value as an argument, by the kind of the column.
func (m *position) value(o Order) any {
	if o.key != nil {
		if (operand.Order{Member: o.key}).IsTime() {
			return m.n
		}
		return m.text
	}
	if o.by != "" {
		return m.n
	}
	switch o.Field.Type.Kind() {
	case crm.IntKind, crm.TimeKind, crm.RefKind:
		return m.n
	}
	return m.text
}

// Without returns the query without the conditions that the text index has answered, for rows
// that the index returned.
func (q *Query) Without() *Query {
	rest := *q
	rest.Where = q.OtherKinds
	return &rest
}

// Condition returns the whole filter without the cursor, for counting.
func (q *Query) Condition() string { return and(q.Where) }

// and joins conditions. None is TRUE, so that a caller can append further ones.
func and(where []string) string {
	if len(where) == 0 {
		return "TRUE"
	}
	return strings.Join(where, " AND ")
}
