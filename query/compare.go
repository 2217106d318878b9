package query

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/fieldtype"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
	"crmkit/query/operand"
)

// sqlOps are the SQL operators of filter operators. ne is compiled as eq and negated.
var sqlOps = map[string]string{"eq": "=", "ne": "=", "in": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

// compare compiles one comparison with one value, by how the field's type is compared. It also
// records the index path of the comparison, if there is one.
func (c *compiler) compare(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	column, by := t.Alias()+"."+t.Field.Col(), t.Field.Type.Comparison().By
	switch {
	case t.Key != "":
		return c.compareMember(t, op, value)
	case by == crm.ByLabel && op != "like":
		label, err := c.label(t.Field, value)
		if err != nil {
			return "", err.On(param)
		}
		is := "g.name_id = " + nameKey(t, c.arg(label))
		c.addLabelPath(t, is)
		return hasTag(t, is), nil
	case t.Field.HasItems() && op != "like":
		return c.item(t, param, value)
	case by == crm.ByFlag:
		return c.flagCondition(t, param, value)
	case by == crm.ByTime:
		return c.timeCondition(t, param, op, value)
	case by == crm.ByNumber:
		return c.numberCondition(t, param, op, value)
	case by == crm.ByRecord:
		return c.identity(t, param, op, value)
	case by == crm.ByDigits && norm.Phone(value) == "":
		return "", crm.Errorf(crm.InvalidValue, "%s is compared by its digits, and %s has none; write a number like %s=491701234567.", norm.Quote(param), norm.Quote(value), norm.Quote(param)).On(param)
	case op == "like":
		var tests []string
		for _, part := range c.partsOf(t, value) {
			tests = append(tests, c.contains(t, part))
		}
		return or(tests), nil
	case by == crm.ByDigits && sqlOps[op] == "=":
		test := c.addColumnPath(t, " IN ("+c.list(norm.PhoneForms(c.env.Country, value))+")")
		c.candidates.sorted = false // the index has one form after the other
		return test, nil
	case by == crm.ByDigits:
		return FoldedSQL(t.Alias(), t.Field) + " " + sqlOps[op] + " " + c.arg(t.Field.Type.Fold(t.Field, value)), nil
	case sqlOps[op] == "=":
		return c.equal(t, param, value)
	case t.Field.Choices.Ordered:
		v, err := c.env.Normal(t.Field, value)
		return FoldedSQL(t.Alias(), t.Field) + " " + sqlOps[op] + " " + c.arg(t.Field.Type.Fold(t.Field, v.Text)), err
	case t.Field.ComparesFolds():
		return FoldedSQL(t.Alias(), t.Field) + " " + sqlOps[op] + " " + c.arg(norm.Fold(value)), nil
	}
	if v, err := c.env.Normal(t.Field, value); err == nil && t.Field.Type.Comparison().Hosts {
		return column + " " + sqlOps[op] + " " + c.arg(v.Text), nil
	}
	return column + " " + sqlOps[op] + " " + c.arg(norm.Lower(value)), nil
}

// numberCondition compares numbers: whole numbers, or texts that the type reads as a number.
func (c *compiler) numberCondition(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	n, numberErr := strconv.ParseInt(value, 10, 64)
	if numberErr != nil {
		v, err := t.Field.Type.Parse(c.env.Reader(t.Entity), t.Field, value)
		if err != nil && t.Field.Type == fieldtype.Integer {
			err = crm.Errorf(crm.InvalidValue, "%s is not a whole number for %s; write digits only, like %s=gte:1000.", norm.Quote(value), norm.Quote(param), norm.Quote(param))
		}
		if err != nil {
			return "", err.On(param)
		}
		n = v.Int
	}
	return c.valueOf(t) + " " + sqlOps[op] + " " + c.arg(n), nil
}

// equal compares a text field in the form in which it is stored. In free text the kinds of
// apostrophe, hyphen and blank are no difference: nobody sees which one a record has.
func (c *compiler) equal(t fieldpath.Target, param, value string) (string, *crm.Error) {
	if e := c.env.Schema.ByPrefix(value); t.Field.HandleSyntax && e != nil {
		value = e.Name + "/" + value
	}
	if kind, id, slash := strings.Cut(value, "/"); slash && t.Field.Type == fieldtype.Word && !t.Field.HandleSyntax && c.env.Schema.ByName(kind) != nil {
		value = id // a handle was sent, and the field holds ids
	}
	v, err := c.env.Normal(t.Field, value)
	// A free text that is too long for its field is no error: no record has it.
	if err != nil && !t.Field.Type.Comparison().Folded {
		if err.Field = param; strings.Contains(value, ",") {
			err.Hint += " To match any of several values write " + norm.Quote(param) + "=in:" + inCall(value) + "."
		}
		return "", err
	}
	if t.Field.Name == crm.FieldStage && t.Entity.HasStages() && c.env.Flow.Has(t.Entity.Name) {
		return c.inStage(t, param, v.Text), nil
	}
	if t.Field.Indexed {
		return c.addColumnPath(t, " = "+c.arg(v.Text)), nil
	}
	column := t.Alias() + "." + t.Field.Col()
	if !t.Field.HasPlainColumn() {
		return column + " = " + c.arg(v.Text), nil
	}
	// The folded forms are compared first: most rows fail there, and their digest is not read.
	same := fieldpath.NoIndex(FoldedSQL(t.Alias(), t.Field)) + " = " + c.arg(norm.Fold(v.Text))
	plain := norm.Plain(v.Text)
	return fmt.Sprintf("(%s AND CASE WHEN %s_plain IS NULL THEN %s = %s ELSE %s_plain = %s END)", same, column, column, c.arg(plain), column, c.arg(crm.PlainDigest(plain))), nil
}

// partsOf returns the operand of like: in the form in which the field is compared: one text, or
// several of which one is enough.
func (c *compiler) partsOf(t fieldpath.Target, value string) []string {
	if t.Key == "" && t.Field.Type.Comparison().By == crm.ByDigits {
		return norm.PhoneParts(c.env.Country, value)
	}
	return []string{c.env.variantsOf(value)[0].Fold}
}

// contains returns the condition that the target contains a part, which is in the form of the
// field (see Variant.MatchesText).
func (c *compiler) contains(t fieldpath.Target, part string) string {
	switch how := t.Field.Type.Comparison(); {
	case how.By == crm.ByLabel:
		test := textContains("COALESCE(n.fold, n.name)", c.once(part))
		return hasTag(t, fieldpath.NoIndex("g.name_id IN (SELECT n.key FROM "+namesOf(t)+" AND "+test+")"))
	case how.Capitals:
		part = strings.ToUpper(part) // the folded form of capitals of ASCII is in small letters
	case t.Field.HasFoldColumn() && !t.Field.Choices.Ordered: // whose column has their position
		return textContains(FoldedSQL(t.Alias(), t.Field), c.once(part))
	}
	return textContains(t.Alias()+"."+t.Field.Col(), c.once(part)) // which is its own folded form
}

// hasTag returns the condition that one of the labels g of a field passes a test. Here and in
// member the hint before the key of the row makes SQLite look up the labels of this row.
// Without it SQLite may read all labels that pass the test.
func hasTag(t fieldpath.Target, test string) string {
	return fmt.Sprintf("EXISTS (SELECT 1 FROM tags g WHERE g.record = %s AND %s)", fieldpath.NoIndex(t.Alias()+".key"), test)
}

// namesOf returns the SQL after FROM of the rows in names that are the labels of a field, or
// the keys of its objects. The caller appends further conditions with AND.
func namesOf(t fieldpath.Target) string {
	return "names n WHERE n.workspace_id = $1 AND n.kind = '" + t.Entity.TagKind(t.Field) + "'"
}

// nameKey returns the SQL of the key of one of these rows. name is the placeholder of its name.
func nameKey(t fieldpath.Target, name string) string {
	return "(SELECT n.key FROM " + namesOf(t) + " AND n.name = " + name + ")"
}

// label returns the stored form of a label. A rollup has the labels in the form of the field
// of the other entity that they are from.
func (c *compiler) label(f *crm.Field, value string) (string, *crm.Error) {
	kept := f.Rollup()
	if kept == nil {
		clean, _ := norm.Clean(value)
		return clean, nil
	}
	v, err := c.env.Normal(c.env.Schema.ByName(kept.Child).Field(kept.Value), value)
	return v.Text, err
}

// timeCondition compares times. An operand means the whole day, minute or second that was
// written: at=2026-06-10 matches all times of that day, and gt: the times after it.
func (c *compiler) timeCondition(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	span, ok := c.env.clock().Parse(value)
	if !ok {
		return "", crm.Errorf(crm.InvalidValue, "%s is not a time for %s; %s", norm.Quote(value), norm.Quote(param), fieldtype.TimeHelp).On(param)
	}
	return c.addRangePath(t, c.rangeCondition(t.Alias()+"."+t.Field.Col(), op, span)), nil
}

// rangeCondition compares a column with a range, whose Until is exclusive.
func (c *compiler) rangeCondition(column, op string, span norm.TimeRange) string {
	switch op {
	case "gt":
		return column + " >= " + c.arg(span.Until)
	case "gte":
		return column + " >= " + c.arg(span.From)
	case "lt":
		return column + " < " + c.arg(span.From)
	case "lte":
		return column + " < " + c.arg(span.Until)
	}
	return fmt.Sprintf("(%s >= %s AND %s < %s)", column, c.arg(span.From), column, c.arg(span.Until))
}

// identity compares ids and handles of the record itself or of a reference. For records it compares keys, so that the
// text of an id is checked here and not in SQL. Entries of the log have sealed ids: the key is computed from the id,
// and looked up for old entries, whose ids were random. Rows of other views have only their ids. A comparison by
// order takes the id as it is: a client that lists what comes after the last id it has must not go on after the
// record into which that one was merged.
func (c *compiler) identity(t fieldpath.Target, param, op, value string) (string, *crm.Error) {
	e, columns := t.Entity, []string{t.Alias() + ".key"}
	if t.Field.IsReference() {
		e, columns = t.Entity.Target(t.Field), t.Columns()
	}
	if e.Storage.SealedIDs {
		old, key := c.arg(crm.CutHandle(value)), c.arg(crm.NewSealer(c.env.Secret, e.Prefix).Key(c.env.Workspace, crm.CutHandle(value)))
		return fmt.Sprintf("%s.key %s COALESCE((SELECT o.key FROM %s o WHERE o.workspace_id = $1 AND o.id = %s), %s)", t.Alias(), sqlOps[op], e.TableName(), old, key), nil
	}
	if e.IsView() {
		return t.Alias() + ".id " + sqlOps[op] + " " + c.arg(crm.CutHandle(value)), nil
	}
	key, hint := c.env.Schema.Locate(e, c.env.Workspace, strings.TrimSpace(value))
	if hint != "" {
		return "", crm.Errorf(crm.InvalidValue, "%s: %s. Find the record with %s.", norm.Quote(param), hint, fieldtype.Finding(e, value)).On(param)
	}
	argument := c.arg(key)
	if !operand.Orders(op) {
		argument = leading(e, argument)
	}
	if t.Field.IsIdentity() && len(t.Hops) == 0 && (op == "eq" || op == "in") {
		c.named = append(c.named, key)
	}
	is := " " + sqlOps[op] + " " + argument
	c.addReferencePath(t, columns, is)
	return anyOf(columns, is), nil
}

// leading is SQL of the record to which an id leads: that of the id, or the one that it was merged into.
func leading(e *crm.Entity, key string) string {
	return fmt.Sprintf("COALESCE((SELECT m.winner FROM merged m WHERE m.workspace_id = $1 AND m.kind = '%s' AND m.record = %s), %s)", e.Name, key, key)
}

// maxIndexed is the maximum length, in characters, of a custom value that is in the index custom_values_text.
const maxIndexed = 200

// memberOperand parses the operand of a condition on a custom value: by the type of a declared key, else by the form of the operand.
func (env Env) memberOperand(t fieldpath.Target, op, value string) (operand.Operand, *crm.Error) {
	if m := env.Shape.Kind(t.Entity).Member(t.Key); m != nil {
		return operand.Declared(m, env.Reader(t.Entity), op, value)
	}
	return operand.Free(env.Now, op, value), nil
}

// compareMember compares a custom value: by the type of a declared key; of all others with a JSON number by
// value, with a time as a time, and with everything else as text.
func (c *compiler) compareMember(t fieldpath.Target, op, value string) (string, *crm.Error) {
	o, err := c.env.memberOperand(t, op, value)
	if err != nil {
		return "", err
	}
	name, ordered := c.arg(t.Key), operand.Orders(op)
	switch {
	case op == "like":
		return member(t, name, textContains("COALESCE(v.fold, v.text)", c.arg(c.partsOf(t, value)[0]))), nil
	case o.Form == operand.AsNumber:
		is := "number " + sqlOps[op] + " " + c.arg(o.Number)
		c.addMemberPath(t, name, "g."+is)
		c.candidates.sorted = c.candidates.sorted && !ordered
		return member(t, name, fieldpath.NoIndex("v."+is)), nil
	case o.Form == operand.AsTime:
		return member(t, name, c.rangeCondition("v.time", op, o.Span)), nil
	case o.Form == operand.AsLabel:
		return member(t, name, textContains("v.text", c.arg(o.Text))), nil
	case o.Form == operand.AsWords && len(o.Words) == 0:
		return member(t, name, "FALSE"), nil
	case o.Form == operand.AsWords:
		return member(t, name, "v.text IN ("+c.list(o.Words)+")"), nil
	case ordered:
		return member(t, name, "COALESCE(v.fold, v.text) "+sqlOps[op]+" "+c.arg(norm.Fold(o.Text))), nil
	}
	is := "text = " + c.arg(o.Text)
	switch number, digits := norm.NumberKey(o.Text); {
	case digits: // the text of a declared key
		c.addMemberPath(t, name, fieldpath.Rare("g.number = "+c.arg(number))+" AND g."+is)
	case utf8.RuneCountInString(o.Text) <= maxIndexed:
		c.addMemberPath(t, name, fmt.Sprintf("g.number IS NULL AND LENGTH(g.text) <= %d AND %s", maxIndexed, fieldpath.Rare("g."+is)))
	}
	return member(t, name, "v."+is), nil
}

// member returns the condition that a custom value passes a test. name is the placeholder of its key.
func member(t fieldpath.Target, name, test string) string {
	return fmt.Sprintf("EXISTS (SELECT 1 FROM custom_values v WHERE v.name_id = %s AND v.record = %s AND %s)", nameKey(t, name), fieldpath.NoIndex(t.Alias()+".key"), test)
}
