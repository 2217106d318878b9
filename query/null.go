package query

import (
	"slices"
	"strings"

	"crmkit/query/fieldpath"
)

// null compiles is:null and not:null. Behind the plural of records that refer to one they ask whether there is one:
// a number of them, and the id of each, are never unset.
func (c *compiler) null(t fieldpath.Target, op string) fieldpath.Bound {
	back := t
	if t.Key == "" && t.Entity.Back(t.Field.Name) != nil && len(t.Hops) < fieldpath.MaxHops {
		to := t.Entity.Back(t.Field.Name)
		back.Hops, back.Field = append(slices.Clip(t.Hops), fieldpath.Hop{Back: to, To: to.To}), to.To.Field("id")
	}
	switch {
	case back.Level() > 0 && back.Level() == len(back.Hops) && isKey(back.Field):
		b := back.Any()
		if op == "is" {
			b.Test = "NOT " + b.Test
		}
		return b
	case op == "is":
		return fieldpath.Bound{Target: t, Test: c.isNull(t)}
	}
	return fieldpath.Bound{Target: t, Test: t.Join(c.isSet(t))}
}

// isNull compiles is:null.
func (c *compiler) isNull(t fieldpath.Target) string {
	if t.Field.OfStage() != nil && len(t.Hops) == t.Level() {
		return c.stageValue(t) + " IS NULL"
	}
	if t.Field.Indexed && len(t.Hops) == 0 {
		test := c.addColumnPath(t, " IS NULL")
		c.indexPath(t, "eq", 1)
		return test
	}
	if test := c.isSet(t); len(t.Hops) > t.Level() || !strings.HasSuffix(test, " IS NOT NULL") {
		return c.negate(t, test)
	}
	return t.Alias() + "." + t.Field.Col() + " IS NULL"
}

// isSet returns the condition that a field is set.
func (c *compiler) isSet(t fieldpath.Target) string {
	switch {
	case t.Key != "":
		return member(t, c.arg(t.Key), "TRUE")
	case t.Field.OfStage() != nil:
		return c.stageValue(t) + " IS NOT NULL"
	case t.Field.Type.Computed():
		return "TRUE"
	}
	return anyOf(t.Columns(), " IS NOT NULL")
}
