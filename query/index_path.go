package query

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query/fieldpath"
)

// IndexPath is a way to the records that match one condition: an index has their keys. The
// other way is to walk the index of the list's order and test each row, which is faster if
// many rows match. The planner in store/list estimates which of them is.
type IndexPath struct {
	Sources []KeySource // the keys are in at least one of them, possibly in several
	Sorted  bool        // there is one source, and its index has the keys in their order
	Exact   bool        // there is one source, with each matching record once, and no other record

	Span *crm.Field // the time whose range the condition bounds; nil: it is another condition
}

// KeySource is SQL that yields keys. The table's alias in it is g, or that of a step of a path.
type KeySource = fieldpath.Source

// Keys returns the SQL of the keys.
func (p IndexPath) Keys() string {
	parts := make([]string, len(p.Sources))
	for i, s := range p.Sources {
		parts[i] = "SELECT " + s.Key + " FROM " + s.From + " WHERE " + s.Where
	}
	return strings.Join(parts, " UNION ALL ")
}

// Spans reports whether an index path has the records within a range of the times of a field,
// which the index then has in the order of that time.
func (q *Query) Spans(f *crm.Field) bool {
	return slices.ContainsFunc(q.IndexPaths, func(p IndexPath) bool { return p.Span == f })
}

// candidates are the index paths of the comparisons of one condition. They become an IndexPath if every comparison
// has one: a row that matches only by a comparison without an index would be missing otherwise.
type candidates struct {
	sources []KeySource
	sorted  bool
	repeats bool // a source can have a record twice
	span    *crm.Field
	test    string // on the time of the span, with the table alias g
}

// addIndexPath adds the key source of one comparison.
func (c *compiler) addIndexPath(from, key, where string) {
	c.candidates.sources = append(c.candidates.sources, KeySource{From: from, Key: key, Where: where})
}

// indexPath adds the index path of a condition, if each of its comparisons has a source. The
// negative condition ne has none: most records match it.
func (c *compiler) indexPath(t fieldpath.Target, op string, comparisons int) {
	f := c.candidates
	c.candidates = candidates{}
	if op == "ne" || len(f.sources) < comparisons {
		return
	}
	if isLabels(t.Field) && op == "eq" { // all labels must match, so each is an index path alone
		for _, s := range f.sources {
			c.indexPaths = append(c.indexPaths, IndexPath{Sources: []KeySource{s}, Sorted: f.sorted, Exact: len(f.sources) == 1})
		}
		return
	}
	if t.Field.IsReference() && t.Alternate == nil && comparisons == 1 {
		c.direct = true // the planner finds its index, which has an order of its own
		return
	}
	one := len(f.sources) == 1 && !f.repeats
	if one && f.span != nil && c.narrowRange(f) {
		return
	}
	c.indexPaths = append(c.indexPaths, IndexPath{Sources: f.sources, Sorted: f.sorted && one, Exact: one, Span: f.span})
}

// narrowRange joins a condition with one on the same time: of at=gte:x and at=lt:y each alone
// may match most records, both together few.
func (c *compiler) narrowRange(f candidates) bool {
	for i := range c.indexPaths {
		if p := &c.indexPaths[i]; p.Span == f.span && len(p.Sources) == 1 {
			p.Sources[0].Where += " AND " + f.test
			return true
		}
	}
	return false
}

// addLabelPath adds the source of the records with a label.
func (c *compiler) addLabelPath(t fieldpath.Target, is string) {
	if len(t.Hops) == 0 {
		c.addIndexPath("tags g", "g.record", is)
		c.candidates.sorted = true
	}
}

// addColumnPath adds the source of the records in which an indexed column passes a test. It
// returns the condition for the other way, a walk in the order of the list, with the hint that
// keeps SQLite from using the index of the column there and then sorting.
func (c *compiler) addColumnPath(t fieldpath.Target, test string) (condition string) {
	column := t.Field.Col()
	if isPhone(t.Field) {
		column += "_fold"
	}
	if len(t.Hops) == 0 {
		c.addIndexPath(t.Entity.TableName()+" g", "g.key", "g.workspace_id = $1 AND g."+column+test)
		c.candidates.sorted = true
	}
	return fieldpath.NoIndex(t.Alias() + "." + column + test)
}

// addRangePath adds the source of the records in which a time passes a test. It returns the test.
func (c *compiler) addRangePath(t fieldpath.Target, test string) string {
	if t.Field.RangeIndexed && len(t.Hops) == 0 {
		column := t.Field.Col()
		c.candidates.span, c.candidates.test = t.Field, strings.ReplaceAll(test, t.Alias()+"."+column, "g."+column)
		c.addIndexPath(t.Entity.TableName()+" g", "g.key", "g.workspace_id = $1 AND "+c.candidates.test)
	}
	return test
}

// addMemberPath adds the source of the records with a custom value. name is the placeholder of the value's key.
func (c *compiler) addMemberPath(t fieldpath.Target, name, where string) {
	if len(t.Hops) == 0 {
		c.addIndexPath("custom_values g", "g.record", "g.name_id = "+nameKey(t, name)+" AND "+where)
		c.candidates.sorted = true
	}
}

// addReferencePath adds the source of the records with a reference, or a link, to a record.
func (c *compiler) addReferencePath(t fieldpath.Target, columns []string, is string) {
	switch {
	case len(t.Hops) == 0 && t.Field.IsReference():
		for _, column := range columns {
			c.addIndexPath(t.Entity.TableName()+" g", "g.key", fieldpath.NoIndex("g.workspace_id = $1")+" AND g."+strings.TrimPrefix(column, "t.")+is)
		}
	case len(t.Hops) == 1 && t.Hops[0].Link != nil && isKey(t.Field):
		l := t.Hops[0].Link
		by, to := l.Via.Field(l.From).Col(), l.Via.Field(l.To).Col()
		c.addIndexPath(l.Via.TableName()+" g", "g."+by, "g.workspace_id = $1 AND g."+by+" IS NOT NULL AND g."+to+is)
	}
}
