package query

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// item returns the condition that one of the items of a list is a value. The table list_values
// finds the records of an item.
func (c *compiler) item(t fieldpath.Target, param, value string) (string, *crm.Error) {
	v, err := c.env.Normal(t.Field, value)
	if err != nil {
		return "", err.On(param)
	}
	forms := []string{t.Field.ItemForm(v.Text)}
	if t.Field.Type.Comparison().By == crm.ByDigits {
		forms = norm.PhoneForms(c.env.Country, v.Text)
	}
	is := c.itemIs(t.Entity, t.Field, forms...)
	if len(t.Hops) == 0 {
		c.addIndexPath("list_values g", "g.record", inIndex.Replace(is))
		c.candidates.sorted, c.candidates.repeats = true, len(forms) > 1
	}
	return fieldpath.NoIndex(t.Alias()+".key") + " IN (SELECT i.record FROM list_values i WHERE " + is + ")", nil
}

// inIndex gives a condition of itemIs the alias of index paths.
var inIndex = strings.NewReplacer("i.workspace_id", "g.workspace_id", "i.kind", "g.kind", "i.value", "g.value")

// or joins conditions, of which one must be true.
func or(tests []string) string {
	if len(tests) == 1 {
		return tests[0]
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// itemIs returns the condition on the rows of list_values that are an item in one of the forms, with the alias i.
func (c *compiler) itemIs(e *crm.Entity, f *crm.Field, forms ...string) string {
	is := "i.workspace_id = $1 AND i.kind = '" + e.ItemKind(f) + "' AND i.value "
	if len(forms) == 1 {
		return is + "= " + c.arg(forms[0])
	}
	return is + "IN (" + c.list(forms) + ")"
}

// list adds arguments and returns their placeholders, separated by commas: what IN compares with. Of
// no arguments it is a subquery without a row, since PostgreSQL takes no empty list.
func (c *compiler) list(args []string) string {
	if len(args) == 0 {
		return "SELECT NULL WHERE FALSE"
	}
	placeholders := make([]string, len(args))
	for i, arg := range args {
		placeholders[i] = c.arg(arg)
	}
	return strings.Join(placeholders, ", ")
}

// withOthers returns the field of a target and, if an operator also compares its list of further values, that list.
func withOthers(t fieldpath.Target, op string) []fieldpath.Target {
	if t.Field.Others == "" || operand.Orders(op) {
		return []fieldpath.Target{t}
	}
	others := t
	others.Field = t.Entity.Field(t.Field.Others)
	return []fieldpath.Target{t, others}
}

// compareAny compiles a comparison of a field and of its list of further values: a record
// matches if one of them does. An operand that cannot be an item is compared with the field alone.
func (c *compiler) compareAny(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	var tests []string
	for i, each := range withOthers(t, op) {
		test, err := c.compare(each, param, op, value)
		if err != nil && i == 0 {
			return "", err
		}
		if err == nil {
			tests = append(tests, test)
		}
	}
	return or(tests), nil
}

// isAny returns the condition is and, if the field has a list of further values, the condition that
// this has the value in one of the forms. One of the two is enough.
func (c *compiler) isAny(e *crm.Entity, f *crm.Field, is string, forms ...string) []string {
	if f.Others == "" {
		return []string{is}
	}
	return []string{is, "t.key IN (SELECT i.record FROM list_values i WHERE " + c.itemIs(e, e.Field(f.Others), forms...) + ")"}
}

// holds reports whether a record has one of some values, in their compared form, in a field or its
// list of further values.
func holds(rec crm.Record, f *crm.Field, folds ...string) bool {
	same := func(text string) bool { return slices.Contains(folds, f.ItemForm(text)) }
	return same(rec.Value(f.Name).Text) || f.Others != "" && slices.ContainsFunc(rec.Value(f.Others).List(), same)
}
