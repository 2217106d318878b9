package query

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
)

// compiler collects conditions and their arguments. Placeholder $1 is the
// scope of the table, which package store supplies.
type compiler struct {
	env  Env
	args []any

	candidates candidates  // keys of the condition at hand
	indexPaths []IndexPath // Question.Leads
	direct     bool        // Question.Direct
	terms      Terms

	remarks []string // Question.Remarks
}

func (c *compiler) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args)+1)
}

// maxOperand is the most bytes of a value that is compared with.
const maxOperand = 2000

// maxLike is the most characters of a part that like: looks for.
const maxLike = 200

// filter compiles one parameter into a condition.
func (c *compiler) filter(e *crm.Entity, param, raw string) (string, *crm.Error) {
	t, ok := resolve(e, param)
	if !ok || isObject(t.field) && t.field.ReadOnly {
		return "", unknown(e, param, raw)
	}
	if err := checkFilter(t, param, raw); err != nil {
		return "", err
	}
	op, value, err := splitOp(param, raw, t)
	if err != nil {
		return "", err
	}
	if err := checkOperand(param, op, value); err != nil {
		return "", err
	}
	if op == "is" || op == "not" {
		if !strings.EqualFold(value, "null") {
			return "", onlyNull(param, op, value)
		}
		if op == "is" {
			return c.isNull(t), nil
		}
		return c.joinPath(t, c.isSet(t)), nil
	}
	if isObject(t.field) && t.key == "" {
		return "", crm.Errorf(crm.InvalidFilter, "%s itself is only set or unset; to compare one of its keys write %s.<key>=%s.", norm.Quote(param), norm.Quote(param), norm.Quote(value)).On(param)
	}
	values, err := split(param, op, value, t)
	if err != nil {
		return "", err
	}
	c.plus(t, param, op, values)
	c.candidates = candidates{}
	test, err := c.test(t, param, op, values)
	if err != nil {
		return "", err
	}
	if op == "like" {
		c.addLike(e, t, conditionOf(t, values[0]))
	}
	c.indexPath(t, op, len(values))
	if op == "ne" {
		return c.without(t, test), nil
	}
	return c.joinPath(t, test), nil
}

// checkFilter checks a filter before its operator is read, because an operator is looked
// for in clean text of a bounded length only.
func checkFilter(t target, param, raw string) *crm.Error {
	if t.field.Type.Comparison().By == crm.ByNothing {
		return spelled(t.field, param)
	}
	if len(raw) > maxOperand+len("like:") {
		return crm.Errorf(crm.InvalidFilter, "the value of %s has %d bytes; a filter takes at most %d.", norm.Quote(param), len(raw), maxOperand).On(param)
	}
	if _, ok := norm.Clean(param + raw); !ok {
		return crm.Errorf(crm.InvalidFilter, "the filter %s holds a NUL character or bytes that are not UTF-8; send UTF-8, escaped as in a URL.", norm.Quote(param)).On(param)
	}
	return nil
}

// checkOperand checks the length of a value without its operator. A part that like: looks
// for is shorter, because it is compared at each place of a text.
func checkOperand(param, op, value string) *crm.Error {
	if len(value) > maxOperand {
		return crm.Errorf(crm.InvalidFilter, "the value of %s has %d bytes; a filter takes at most %d.", norm.Quote(param), len(value), maxOperand).On(param)
	}
	if n := utf8.RuneCountInString(value); op == "like" && n > maxLike {
		return crm.Errorf(crm.InvalidValue, "%s=like: takes a part of at most %d characters, not %d; send a shorter part of the text.",
			norm.Quote(param), maxLike, n).On(param)
	}
	return nil
}

// onlyNull is the error for is: and not: with a value.
func onlyNull(param, op, value string) *crm.Error {
	instead := map[string]string{"is": "eq", "not": "ne"}[op]
	return crm.Errorf(crm.InvalidValue, "%s=%s:%s: %s takes only null; write %s=%s:null, or %s=%s:%s.",
		norm.Quote(param), op, norm.Quote(value), op, norm.Quote(param), op, norm.Quote(param), instead, norm.Quote(value)).On(param)
}

// spelled is the error for a filter by the text of an amount.
func spelled(f *crm.Field, param string) *crm.Error {
	of, before := f.AmountOf(), strings.TrimSuffix(param, f.Name)
	err := crm.Errorf(crm.InvalidFilter, "%s is not compared; compare %s, a whole number in the smallest unit of the currency: at least 1250.00 USD is %s=gte:125000&%s=USD.",
		norm.Quote(param), norm.Quote(before+of.Number), norm.Quote(before+of.Number), norm.Quote(before+of.Currency)).On(param)
	err.DidYouMean = before + of.Number
	return err
}

// plus sets a plus sign where an address has a blank, which it cannot have: that is how
// a plus arrives which was not escaped in a URL.
func (c *compiler) plus(t target, param, op string, values []string) {
	if t.field.Type != fieldtype.Email {
		return
	}
	for i, v := range values {
		meant := strings.ReplaceAll(v, " ", "+")
		if _, ok := norm.Email(meant); meant != v && (ok || op == "like") {
			values[i] = meant
			c.remarks = append(c.remarks, norm.Quote(param)+" was read as "+norm.Quote(meant)+"; write + as %2B")
		}
	}
}

// split returns the values an operator compares with.
func split(param, op, value string, t target) ([]string, *crm.Error) {
	values := []string{value}
	if op == "in" || isList(t) && op != "like" {
		list, ok := items(value)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s: write a list like a,b,\"c,d\" of at most %d items.", norm.Quote(param), crm.MaxItems).On(param)
		}
		values = list
	}
	for i, v := range values {
		v = strings.TrimRight(v, " ")
		if op == "in" {
			v = strings.TrimLeft(v, " ")
		}
		values[i] = v
		if unset := strings.EqualFold(v, "null") && !isText(t); unset || strings.TrimSpace(v) == "" {
			return nil, crm.Errorf(crm.InvalidValue, "%s has no value to compare with; write %s=is:null for unset, %s=not:null for set.", norm.Quote(param), norm.Quote(param), norm.Quote(param)).On(param)
		}
	}
	return values, nil
}

// isList reports whether a comma in a value parts several: in tags, which hold
// none, and in ids, where several mean any of them.
func isList(t target) bool {
	return t.field.Type.Comparison().Lists
}

// isText reports whether the word null can be a value of the target.
func isText(t target) bool {
	return t.field.Type.Comparison().Null
}

// without returns the negation of a test on the target's own table, through the references
// that lead to it. It is true also where a reference on the way is unset.
func (c *compiler) without(t target, test string) string {
	if len(t.hops) == 0 {
		return "NOT COALESCE(" + test + ", FALSE)"
	}
	return "NOT " + c.joinPath(t, test)
}

// joinPath wraps a test on the target's own table into the references that lead to it. A
// deleted record is in no workspace, and may still be referred to for a while.
func (c *compiler) joinPath(t target, test string) string {
	for i := len(t.hops); i > 0; i-- {
		h, inWorkspace := t.hops[i-1], noIndex(alias(i)+".workspace_id = $1") // the key finds the record
		if h.link != nil {
			by, to := h.link.Via.Field(h.link.From).Col(), h.link.Via.Field(h.link.To).Col()
			test = fmt.Sprintf("%s.key IN (SELECT l%d.%s FROM %s l%d JOIN %s %s ON %s.key = l%d.%s AND %s WHERE l%d.workspace_id = $1 AND l%d.%s IS NOT NULL AND %s)",
				alias(i-1), i, by, h.link.Via.TableName(), i, h.to.TableName(), alias(i), alias(i), i, to, inWorkspace, i, i, by, test)
			continue
		}
		meets := fmt.Sprintf("%s.key = %s.%s", alias(i), alias(i-1), h.field.Col())
		if h.alternate != nil {
			meets = fmt.Sprintf("%s.key IN (%s.%s, %s.%s)", alias(i), alias(i-1), h.field.Col(), alias(i-1), h.alternate.Col())
		}
		test = fmt.Sprintf("EXISTS (SELECT 1 FROM %s %s WHERE %s AND %s AND %s)", h.to.TableName(), alias(i), meets, inWorkspace, test)
	}
	return test
}

// isNull compiles is:null.
func (c *compiler) isNull(t target) string {
	if t.field.Indexed && len(t.hops) == 0 {
		test := c.addColumnPath(t, " IS NULL")
		c.indexPath(t, "eq", 1)
		return test
	}
	if test := c.isSet(t); len(t.hops) > 0 || !strings.HasSuffix(test, " IS NOT NULL") {
		return c.without(t, test)
	}
	return t.alias() + "." + t.field.Col() + " IS NULL"
}

// isSet is the test that a field is set.
func (c *compiler) isSet(t target) string {
	switch {
	case t.key != "":
		return member(t, c.arg(t.key), "TRUE")
	case t.field.Type.Computed():
		return "TRUE"
	}
	return anyOf(t.columns(), " IS NOT NULL")
}

// anyOf returns the condition that one of the columns passes the test.
func anyOf(columns []string, test string) string {
	if len(columns) == 1 {
		return columns[0] + test
	}
	return "(" + strings.Join(columns, test+" OR ") + test + ")"
}

// test compiles the positive form of an operator: eq also serves ne.
func (c *compiler) test(t target, param, op string, values []string) (string, *crm.Error) {
	var parts []string
	for _, v := range values {
		part, err := c.compare(t, param, op, v)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	join := " OR "
	if isLabels(t.field) && op == "eq" {
		join = " AND "
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return "(" + strings.Join(parts, join) + ")", nil
}
