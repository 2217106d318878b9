package query

import (
	"slices"
	"strings"

	"crmkit/crm"
)

// IndexPath leads to the records that one condition lets through: an index has their keys.
// A list walks the index of its order and tests row after row, which is best where many
// rows pass; package store decides which leads are worth following.
type IndexPath struct {
	Sources []KeySource // any of them; a record may come from several
	Sorted  bool        // there is one, and its index has the keys in their order
	Exact   bool        // there is one, and it has each record that passes once, and no other

	Span *crm.Field // of whose times it has those in a span; nil: it is no such lead
}

// KeySource is SQL that yields keys. The table's alias in it is g.
type KeySource struct {
	From, Key, Where string
}

// Keys returns the SQL of the keys.
func (l IndexPath) Keys() string {
	parts := make([]string, len(l.Sources))
	for i, s := range l.Sources {
		parts[i] = "SELECT " + s.Key + " FROM " + s.From + " WHERE " + s.Where
	}
	return strings.Join(parts, " UNION ALL ")
}

// Spans reports whether a condition bounds the times of a field, so that an index has
// those in order.
func (q *Query) Spans(f *crm.Field) bool {
	return slices.ContainsFunc(q.IndexPaths, func(l IndexPath) bool { return l.Span == f })
}

// candidates is what the comparisons of a condition have noted of their keys.
type candidates struct {
	sources []KeySource
	sorted  bool
	span    *crm.Field
	test    string // of the span, on g
}

// addIndexPath adds the keys of one comparison.
func (c *compiler) addIndexPath(from, key, where string) {
	c.candidates.sources = append(c.candidates.sources, KeySource{from, key, where})
}

// indexPath makes a lead of a positive condition, if each of its comparisons has noted its
// keys.
func (c *compiler) indexPath(t target, op string, comparisons int) {
	f := c.candidates
	c.candidates = candidates{}
	if op == "ne" || len(f.sources) < comparisons {
		return
	}
	if isLabels(t.field) && op == "eq" { // each must hold
		for _, s := range f.sources {
			c.indexPaths = append(c.indexPaths, IndexPath{Sources: []KeySource{s}, Sorted: f.sorted, Exact: len(f.sources) == 1})
		}
		return
	}
	if t.field.IsReference() && t.alternate == nil && comparisons == 1 {
		c.direct = true // the planner finds its index, which has an order of its own
		return
	}
	one := len(f.sources) == 1
	if one && f.span != nil && c.narrowRange(f) {
		return
	}
	c.indexPaths = append(c.indexPaths, IndexPath{Sources: f.sources, Sorted: f.sorted && one, Exact: one, Span: f.span})
}

// narrowRange makes one span of two on the same field: each alone may have most rows, like
// gte: and lt: of one day.
func (c *compiler) narrowRange(f candidates) bool {
	for i := range c.indexPaths {
		if l := &c.indexPaths[i]; l.Span == f.span && len(l.Sources) == 1 {
			l.Sources[0].Where += " AND " + f.test
			return true
		}
	}
	return false
}

// addLabelPath notes the keys of the records with a label.
func (c *compiler) addLabelPath(t target, is string) {
	if len(t.hops) == 0 {
		c.addIndexPath("tags g", "g.record", is)
		c.candidates.sorted = true
	}
}

// addColumnPath notes the keys of the records in which an indexed column passes a test.
// The condition itself uses no index: SQLite would take that of the column, and then sort.
func (c *compiler) addColumnPath(t target, test string) (condition string) {
	column := t.field.Col()
	if isPhone(t.field) {
		column += "_fold"
	}
	if len(t.hops) == 0 {
		c.addIndexPath(t.entity.TableName()+" g", "g.key", "g.workspace_id = $1 AND g."+column+test)
		c.candidates.sorted = true
	}
	return noIndex(t.alias() + "." + column + test)
}

// addRangePath notes the keys of the records in which a time passes a test, which it returns.
func (c *compiler) addRangePath(t target, test string) string {
	if t.field.RangeIndexed && len(t.hops) == 0 {
		column := t.field.Col()
		c.candidates.span, c.candidates.test = t.field, strings.ReplaceAll(test, t.alias()+"."+column, "g."+column)
		c.addIndexPath(t.entity.TableName()+" g", "g.key", "g.workspace_id = $1 AND "+c.candidates.test)
	}
	return test
}

// addMemberPath notes the keys of the records with a custom value. name is the placeholder
// of its key.
func (c *compiler) addMemberPath(t target, name, where string) {
	if len(t.hops) == 0 {
		c.addIndexPath("custom_values g", "g.record", "g.name_id = "+nameKey(t, name)+" AND "+where)
		c.candidates.sorted = true
	}
}

// addReferencePath notes the keys of the records with a reference, or a link, to one.
func (c *compiler) addReferencePath(t target, columns []string, is string) {
	switch {
	case len(t.hops) == 0 && t.field.IsReference():
		for _, column := range columns {
			c.addIndexPath(t.entity.TableName()+" g", "g.key", noIndex("g.workspace_id = $1")+" AND g."+strings.TrimPrefix(column, "t.")+is)
		}
	case len(t.hops) == 1 && t.hops[0].link != nil && isKey(t.field):
		l := t.hops[0].link
		by, to := l.Via.Field(l.From).Col(), l.Via.Field(l.To).Col()
		c.addIndexPath(l.Via.TableName()+" g", "g."+by, "g.workspace_id = $1 AND g."+by+" IS NOT NULL AND g."+to+is)
	}
}
