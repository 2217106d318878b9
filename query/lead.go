package query

import (
	"slices"
	"strings"

	"crmkit/crm"
)

// Lead leads to the records that one condition lets through: an index has their keys.
// A list walks the index of its order and tests row after row, which is best where many
// rows pass; package store decides which leads are worth following.
type Lead struct {
	Sources []Source // any of them; a record may come from several
	Sorted  bool     // there is one, and its index has the keys in their order
	Whole   bool     // there is one, and it has each record that passes once, and no other

	Span *crm.Field // of whose times it has those in a span; nil: it is no such lead
}

// Source is SQL that yields keys. The table's alias in it is g.
type Source struct {
	From, Key, Where string
}

// Keys returns the SQL of the keys.
func (l Lead) Keys() string {
	parts := make([]string, len(l.Sources))
	for i, s := range l.Sources {
		parts[i] = "SELECT " + s.Key + " FROM " + s.From + " WHERE " + s.Where
	}
	return strings.Join(parts, " UNION ALL ")
}

// Spans reports whether a condition bounds the times of a field, so that an index has
// those in order.
func (q *Question) Spans(f *crm.Field) bool {
	return slices.ContainsFunc(q.Leads, func(l Lead) bool { return l.Span == f })
}

// found is what the comparisons of a condition have noted of their keys.
type found struct {
	sources []Source
	sorted  bool
	span    *crm.Field
	test    string // of the span, on g
}

// note adds the keys of one comparison.
func (c *compiler) note(from, key, where string) {
	c.found.sources = append(c.found.sources, Source{from, key, where})
}

// lead makes a lead of a positive condition, if each of its comparisons has noted its
// keys.
func (c *compiler) lead(t target, op string, comparisons int) {
	f := c.found
	c.found = found{}
	if op == "ne" || len(f.sources) < comparisons {
		return
	}
	if t.field.Type == crm.Tags && op == "eq" { // each must hold
		for _, s := range f.sources {
			c.leads = append(c.leads, Lead{Sources: []Source{s}, Sorted: f.sorted, Whole: len(f.sources) == 1})
		}
		return
	}
	if t.field.Type == crm.Ref && t.beside == nil && comparisons == 1 {
		c.direct = true // the planner finds its index, which has an order of its own
		return
	}
	one := len(f.sources) == 1
	if one && f.span != nil && c.narrowSpan(f) {
		return
	}
	c.leads = append(c.leads, Lead{Sources: f.sources, Sorted: f.sorted && one, Whole: one, Span: f.span})
}

// narrowSpan makes one span of two on the same field: each alone may have most rows, like
// gte: and lt: of one day.
func (c *compiler) narrowSpan(f found) bool {
	for i := range c.leads {
		if l := &c.leads[i]; l.Span == f.span && len(l.Sources) == 1 {
			l.Sources[0].Where += " AND " + f.test
			return true
		}
	}
	return false
}

// noteLabel notes the keys of the records with a label.
func (c *compiler) noteLabel(t target, is string) {
	if len(t.hops) == 0 {
		c.note("tags g", "g.record", is)
		c.found.sorted = true
	}
}

// noteColumn notes the keys of the records in which an indexed column passes a test.
// The plus sign before the column in the condition itself keeps SQLite from taking the
// index on its own account, and then sorting.
func (c *compiler) noteColumn(t target, test string) (condition string) {
	column := t.field.Col()
	if t.field.Type == crm.Phone {
		column += "_fold"
	}
	if len(t.hops) == 0 {
		c.note(t.entity.From()+" g", "g.key", "g.workspace_id = $1 AND g."+column+test)
		c.found.sorted = true
	}
	return "+" + t.alias() + "." + column + test
}

// noteSpan notes the keys of the records in which a time passes a test, which it returns.
func (c *compiler) noteSpan(t target, test string) string {
	if t.field.Spanned && len(t.hops) == 0 {
		column := t.field.Col()
		c.found.span, c.found.test = t.field, strings.ReplaceAll(test, t.alias()+"."+column, "g."+column)
		c.note(t.entity.From()+" g", "g.key", "g.workspace_id = $1 AND "+c.found.test)
	}
	return test
}

// noteMember notes the keys of the records with a custom value. name is the placeholder
// of its key.
func (c *compiler) noteMember(t target, name string, sorted bool, where string) {
	if len(t.hops) == 0 {
		c.note("custom_values g", "g.record", "g.name_id = "+nameKey(t, name)+" AND "+where)
		c.found.sorted = sorted
	}
}

// noteReference notes the keys of the records with a reference, or a link, to one.
func (c *compiler) noteReference(t target, columns []string, is string) {
	switch {
	case len(t.hops) == 0 && t.field.Type == crm.Ref:
		for _, column := range columns {
			c.note(t.entity.From()+" g", "g.key", "+g.workspace_id = $1 AND g."+strings.TrimPrefix(column, "t.")+is)
		}
	case len(t.hops) == 1 && t.hops[0].link != nil && t.field.Type == crm.ID:
		l := t.hops[0].link
		by, to := l.Between.Field(l.By).Col(), l.Between.Field(l.To).Col()
		c.note(l.Between.From()+" g", "g."+by, "g.workspace_id = $1 AND g."+by+" IS NOT NULL AND g."+to+is)
	}
}
