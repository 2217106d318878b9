package query

import (
	"slices"
	"strconv"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/condition"
	"crmkit/query/fieldpath"
)

// where compiles the parameter where. What must hold in any case is compiled like a parameter of its own, so
// that its index and the text index serve it.
func (q *Query) where(c *compiler, text string) *crm.Error {
	parts, err := whereParts(text)
	c.wheres++
	for _, part := range parts {
		if err != nil {
			return err
		}
		if part.Op == condition.Term {
			if err = checkTerm(part); err == nil {
				err = at(part, q.filter(c, of(c.wheres, part), part))
			}
			continue
		}
		var test string
		if test, err = c.node(q.Entity, part); err == nil {
			q.Where, q.OtherKinds = append(q.Where, test), append(q.OtherKinds, test)
		}
	}
	return err
}

// whereParts returns the parts of a text that must all hold.
func whereParts(text string) ([]condition.Node, *crm.Error) {
	if strings.TrimSpace(text) == "" {
		return nil, crm.Errorf(crm.InvalidFilter, "where= is empty; write conditions, like where=stage=lead or not owner=me, or leave it out.").On("where")
	}
	n, wrong := condition.Parse(text)
	switch {
	case wrong == nil:
		return n.Conjuncts(), nil
	case wrong.Ambiguous:
		err := crm.Errorf(crm.AmbiguousFilter, "where has and as well as or, at character %d, without brackets: it may mean where=%s, or where=%s. Write the one that you mean.", wrong.At, norm.OneLine(wrong.Readings[0]), norm.OneLine(wrong.Readings[1])).On("where")
		err.Allowed = wrong.Readings
		return nil, err
	}
	return nil, crm.Errorf(crm.InvalidFilter, "where: %s, at character %d. It has conditions like in a URL, joined with and, or, not and brackets: where=(stage=in:lead,new or last_outreach=lt:-30d) and not owner=me.", wrong.Message, wrong.At).On("where")
}

// checkTerm refuses parameters that are no conditions.
func checkTerm(n condition.Node) *crm.Error {
	if slices.Contains(crm.ListParams, n.Name) || slices.Contains([]string{"where", "view"}, n.Name) {
		return at(n, crm.Errorf(crm.InvalidFilter, "%s is a parameter of its own, which no where has; write &%s=… beside it.", n.Name, n.Name).On("where"))
	}
	return nil
}

// at adds the character of a condition to its error.
func at(n condition.Node, err *crm.Error) *crm.Error {
	if err != nil {
		err.Hint = "where, at character " + strconv.Itoa(n.At) + ": " + err.Hint
	}
	return err
}

// node compiles a part that need not hold. No index and no terms of the text index follow from it.
func (c *compiler) node(e *crm.Entity, n condition.Node) (string, *crm.Error) {
	parts := n.Kids
	if n.Op == condition.Term || n.Op == condition.And {
		parts = n.Conjuncts()
	}
	var all bounds
	var tests []string
	for _, part := range parts {
		b, err := c.part(e, part)
		switch {
		case err != nil:
			return "", err
		case b.Target.Level() == 0:
			tests = append(tests, b.Test)
		case n.Op == condition.Or || n.Op == condition.Not:
			tests = append(tests, fieldpath.Bind([]fieldpath.Bound{b})[0].SQL())
		default:
			all.add(of(0, part), b)
		}
	}
	for _, g := range all.groups() {
		tests = append(tests, g.SQL())
	}
	if n.Op == condition.Term {
		return tests[0], nil
	}
	for i := range tests {
		tests[i] = "COALESCE(" + tests[i] + ", FALSE)"
	}
	switch n.Op {
	case condition.Not:
		return "NOT " + tests[0], nil
	case condition.Or:
		return "(" + strings.Join(tests, " OR ") + ")", nil
	}
	return "(" + strings.Join(tests, " AND ") + ")", nil
}

// part compiles a part of one that need not hold.
func (c *compiler) part(e *crm.Entity, n condition.Node) (b fieldpath.Bound, err *crm.Error) {
	if n.Op != condition.Term {
		b.Test, err = c.node(e, n)
		return b, err
	}
	if err := checkTerm(n); err != nil {
		return b, err
	}
	apart := &compiler{env: c.env, entity: e, args: c.args, shared: c.shared}
	b, err = apart.filter(e, n.Name, n.Value)
	c.args, c.remarks, c.named = apart.args, append(c.remarks, apart.remarks...), append(c.named, apart.named...)
	if len(c.args) > maxArgs {
		return b, crm.Errorf(crm.InvalidFilter, "where has more than the maximum of %d values; split it into several requests.", maxArgs).On("where")
	}
	return b, at(n, err)
}

// apart returns the values of a parameter as conditions that must each hold: those of where are its parts.
func apart(name string, values []string) (list []condition.Node) {
	for _, value := range values {
		parts, err := whereParts(value)
		if name != "where" || err != nil {
			list = append(list, condition.Node{Name: name, Value: value})
			continue
		}
		for _, part := range parts {
			if part.Op != condition.Term {
				part.Name, part.Value = name, part.Text
			}
			list = append(list, part)
		}
	}
	return list
}
