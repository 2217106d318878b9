package query

import (
	"crmkit/query/condition"
	"crmkit/query/fieldpath"
)

// scope is where a condition is written: conditions on records that refer to one are about the same of them only within one.
// The parameters of a request, and what where= has outside of brackets, are the scope zero.
type scope struct{ where, bracket int }

// of returns the scope of a condition in the parameter where with a number.
func of(where int, n condition.Node) scope {
	if n.Bracket == 0 {
		return scope{}
	}
	return scope{where, n.Bracket}
}

// bounds are conditions on records that refer to one, by the scopes in which they are written.
type bounds []struct {
	scope scope
	list  []fieldpath.Bound
}

// add adds a condition.
func (all *bounds) add(in scope, b fieldpath.Bound) {
	for i := range *all {
		if each := &(*all)[i]; each.scope == in {
			each.list = append(each.list, b)
			return
		}
	}
	*all = append(*all, struct {
		scope scope
		list  []fieldpath.Bound
	}{in, []fieldpath.Bound{b}})
}

// number returns how many conditions there are.
func (all bounds) number() (n int) {
	for _, each := range all {
		n += len(each.list)
	}
	return n
}

// groups returns what is asked about one record each.
func (all bounds) groups() (groups []fieldpath.Group) {
	for _, each := range all {
		groups = append(groups, fieldpath.Bind(each.list)...)
	}
	return groups
}

// bind adds the conditions on records that refer to those of the list. No text index answers them.
func (q *Query) bind(c *compiler) {
	for _, g := range c.bound.groups() {
		test := g.SQL()
		q.Where, q.OtherKinds = append(q.Where, test), append(q.OtherKinds, test)
		if sources := g.Sources(q.Entity); len(sources) > 0 {
			c.indexPaths = append(c.indexPaths, IndexPath{Sources: sources})
		}
	}
}
