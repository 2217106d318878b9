package query

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// compiler collects conditions and their arguments. Placeholder $1 is the
// scope of the table, which package store supplies.
type compiler struct {
	env    Env
	entity *crm.Entity // of the list
	args   []any

	shared map[any]string // placeholders of values that several conditions compare

	candidates candidates // index paths of the condition that is being compiled

	bound  bounds // conditions on records that refer to one of the list
	wheres int    // parameters where that were compiled

	// These become the fields of the Query.
	indexPaths []IndexPath
	direct     bool // NarrowByKeys
	terms      Terms
	remarks    []string
	named      []int64
}

// arg adds an argument and returns its placeholder.
func (c *compiler) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args)+1)
}

// once is arg for a value that many conditions compare. It becomes one argument.
func (c *compiler) once(v any) string {
	if c.shared == nil {
		c.shared = map[any]string{}
	}
	if c.shared[v] == "" {
		c.shared[v] = c.arg(v)
	}
	return c.shared[v]
}

// maxOperand is the maximum length of an operand, in bytes.
const maxOperand = 2000

// maxLike is the maximum length of an operand of like:, in characters.
const maxLike = 200

// filter compiles one parameter into a condition, on the record of the list or on one that refers to it.
func (c *compiler) filter(e *crm.Entity, param, raw string) (b fieldpath.Bound, err *crm.Error) {
	t, ok := fieldpath.ResolveFilter(e, c.env.Shape.FullName(e, param))
	if !ok || fieldpath.IsObject(t.Field) && t.Field.ReadOnly || t.Field.Type.Comparison().By == crm.ByNothing && t.Field.AmountOf() == nil {
		return b, fieldpath.Unknown(c.env.Shape, e, param, raw)
	}
	if number, currency := c.env.Shape.Kind(t.Entity).Amount(t.Key); number != "" {
		before := strings.TrimSuffix(param, t.Key)
		return b, amountFilterError(param, before+number, before+currency)
	}
	if err := checkFilter(t, param, raw); err != nil {
		return b, err
	}
	op, value, err := splitOp(param, raw, t)
	if err != nil {
		return b, err
	}
	if err := checkOperand(param, op, value); err != nil {
		return b, err
	}
	b.Target = t
	if op == "is" || op == "not" {
		if !strings.EqualFold(value, "null") {
			return b, onlyNullError(param, op, value)
		}
		return c.null(t, op), nil
	}
	b.Test, err = c.values(b.Target, param, op, value)
	return b, err
}

// values compiles a comparison with values.
func (c *compiler) values(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	if fieldpath.IsObject(t.Field) && t.Key == "" {
		return "", crm.Errorf(crm.InvalidFilter, "%s can only be compared with is:null and not:null; to filter by one of its keys write %s.<key>=%s.", norm.Quote(param), norm.Quote(param), inCall(value)).On(param)
	}
	values, err := split(param, op, value, t)
	if err != nil {
		return "", err
	}
	c.restorePlus(t, param, op, values)
	c.candidates = candidates{}
	test, err := c.test(t, param, op, values)
	if err != nil {
		return "", err
	}
	if op == "like" {
		c.addLike(t, c.partsOf(t, values[0]))
	}
	c.indexPath(t, op, len(values)*len(withOthers(t, op)))
	if op == "ne" {
		return c.negate(t, test), nil
	}
	return t.Join(test), nil
}

// checkFilter checks the length and the characters of a filter before its operator is parsed.
func checkFilter(t fieldpath.Target, param, raw string) *crm.Error {
	if t.Field.Type.Comparison().By == crm.ByNothing {
		of, before := t.Field.AmountOf(), strings.TrimSuffix(param, t.Field.Name)
		return amountFilterError(param, before+of.Number, before+of.Currency)
	}
	if len(raw) > maxOperand+len("like:") {
		return crm.Errorf(crm.InvalidFilter, "the value of %s has %d bytes; at most %d are allowed. Shorten it, or split an in: list over several requests.", norm.Quote(param), len(raw), maxOperand).On(param)
	}
	if _, ok := norm.Clean(param + raw); !ok {
		return crm.Errorf(crm.InvalidFilter, "the filter %s contains a NUL character or bytes that are not UTF-8; send UTF-8, escaped as in a URL.", norm.Quote(param)).On(param)
	}
	return nil
}

// checkOperand checks a value without its operator. The limit of like: is lower, because its operand
// is compared at each position of a text. An operand of which the folded form has nothing is refused
// as an empty one is: no text would have it, or every text.
func checkOperand(param, op, value string) *crm.Error {
	if len(value) > maxOperand {
		return crm.Errorf(crm.InvalidFilter, "the value of %s has %d bytes; at most %d are allowed. Shorten it, or split an in: list over several requests.", norm.Quote(param), len(value), maxOperand).On(param)
	}
	if n := utf8.RuneCountInString(value); op == "like" && n > maxLike {
		return crm.Errorf(crm.InvalidValue, "%s=like: accepts at most %d characters, not %d; send a shorter part of the text.",
			norm.Quote(param), maxLike, n).On(param)
	}
	if op == "like" && norm.Fold(value) == "" && strings.TrimSpace(value) != "" {
		return crm.Errorf(crm.InvalidValue, "%s=like: has no letter, digit or mark to look for: it ignores accents and characters that cannot be seen, and %s has nothing else. Send a part of the text; write %s=is:null for unset, %s=not:null for set.",
			norm.Quote(param), norm.Quote(value), norm.Quote(param), norm.Quote(param)).On(param)
	}
	return nil
}

// onlyNullError returns the error for is: and not: with a value. It shows the operator for null and
// the operator for the value, since either may have been meant.
func onlyNullError(param, op, value string) *crm.Error {
	instead := map[string]string{"is": "eq", "not": "ne"}[op]
	return crm.Errorf(crm.InvalidValue, "%s: can only be followed by null. Write %s=%s:null, or for this value %s=%s:%s.",
		op, norm.Quote(param), op, norm.Quote(param), instead, inCall(value)).On(param)
}

// inCall returns a client's value for a call that a hint shows, or "…" for a value that would be
// cut or escaped there: the client may copy the call, and must not send another value.
func inCall(value string) string {
	if norm.ShowJSON(value) != value {
		return "…"
	}
	return value
}

// amountFilterError returns the error for a filter on an amount, which names the number and the currency
// to filter by.
func amountFilterError(param, number, currency string) *crm.Error {
	err := crm.Errorf(crm.InvalidFilter, "lists cannot be filtered by %s. Filter by %s, a whole number in the smallest unit of the currency: for at least 1250.00 USD write %s=gte:125000&%s=USD.",
		norm.Quote(param), norm.Quote(number), norm.Quote(number), norm.Quote(currency)).On(param)
	err.DidYouMean = number
	return err
}

// restorePlus replaces a blank in an e-mail address by a plus sign: no address has a blank, and a
// plus sign that was not escaped in a URL arrives as one. It adds a remark about it.
func (c *compiler) restorePlus(t fieldpath.Target, param, op string, values []string) {
	if t.Field.Type != fieldtype.Email && t.Field.Type != fieldtype.Emails {
		return
	}
	for i, v := range values {
		meant := strings.ReplaceAll(v, " ", "+")
		if _, ok := norm.Email(meant); meant != v && (ok || op == "like") {
			values[i] = meant
			c.remarks = append(c.remarks, norm.Quote(param)+" was read as "+norm.Quote(meant)+": in a URL write + as %2B")
		}
	}
}

// split returns the operands of a condition: several for in: and for types that are Lists.
func split(param, op, value string, t fieldpath.Target) ([]string, *crm.Error) {
	values := []string{value}
	if op == "in" || isList(t) && op != "like" {
		list, ok := operand.Items(value)
		if !ok {
			return nil, crm.Errorf(crm.InvalidValue, "%s needs a list of at most %d items, separated by commas; quote an item that contains a comma: a,b,\"c,d\".", norm.Quote(param), crm.MaxItems).On(param)
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

// isList reports whether a comma separates operands without in:, as it does for tags and ids,
// which contain no comma. Several tags must all be there; of several ids one must match.
func isList(t fieldpath.Target) bool {
	return t.Field.Type.Comparison().Lists
}

// isText reports whether the word null can be a value of the target.
func isText(t fieldpath.Target) bool {
	return t.Field.Type.Comparison().Null
}

// negate returns the negation of a test on the target's own table, through the references that lead to it. It is also
// true if one of the references is unset: ne: means "does not have this value", and SQL's NULL would hide these rows.
func (c *compiler) negate(t fieldpath.Target, test string) string {
	if len(t.Hops) == t.Level() {
		return "NOT COALESCE(" + test + ", FALSE)"
	}
	return "NOT " + t.Join(test)
}

// anyOf returns the condition that at least one of the columns passes the test.
func anyOf(columns []string, test string) string {
	if len(columns) == 1 {
		return columns[0] + test
	}
	return "(" + strings.Join(columns, test+" OR ") + test + ")"
}

// test compiles an operator with all of its operands. For ne it compiles eq, which the caller negates.
func (c *compiler) test(t fieldpath.Target, param, op string, values []string) (string, *crm.Error) {
	var parts []string
	for _, v := range values {
		part, err := c.compareAny(t, param, op, v)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
	}
	join := " OR "
	if isLabels(t.Field) && op == "eq" {
		join = " AND "
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return "(" + strings.Join(parts, join) + ")", nil
}

// Takes reports whether lists of the entity take a parameter.
func (env Env) Takes(e *crm.Entity, name string) bool {
	if slices.Contains(crm.ListParams, name) {
		return true
	}
	_, known := fieldpath.ResolveFilter(e, env.Shape.FullName(e, name))
	return known
}
