package query

import (
	"fmt"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
)

// Op is a filter operator.
type Op struct {
	Name string
	Doc  string
	fits func(crm.Comparison) bool // whether the operator applies to values that are compared this way
}

func always(crm.Comparison) bool { return true }

func ifOrdered(how crm.Comparison) bool { return how.Ordered }

func ifParts(how crm.Comparison) bool { return how.Parts }

func ifNullable(how crm.Comparison) bool { return how.By != crm.ByFlag || how.MayBeUnset }

// Ops is the table of operators.
var Ops = []Op{
	{"eq", "equal (the default); tags: has all listed", always},
	{"ne", "not equal, or unset; tags: has none of those listed", always},
	{"gt", "greater, later", ifOrdered},
	{"gte", "greater or equal", ifOrdered},
	{"lt", "less, earlier", ifOrdered},
	{"lte", "less or equal", ifOrdered},
	{"like", "contains a part of at most 200 characters, ignoring case and accents; % and _ are literal", ifParts},
	{"in", "one of a comma-separated list; quote items that hold commas", always},
	{"is", "is:null finds unset values", ifNullable},
	{"not", "not:null finds set values", ifNullable},
}

// opsFor returns the names of the operators that a target takes. A key of an object takes all
// of them, since the operand decides how it is compared.
func opsFor(t fieldpath.Target) []string {
	var names []string
	for _, op := range Ops {
		if t.Key != "" || op.fits(t.Field.Type.Comparison()) {
			names = append(names, op.Name)
		}
	}
	return names
}

// allowedOps joins operators for a hint. is and not are shown with null, their only operand.
func allowedOps(ops []string) string {
	words := slices.Clone(ops)
	for i, word := range words {
		if word == "is" || word == "not" {
			words[i] += ":null"
		}
	}
	return strings.Join(words, " ")
}

// splitOp splits "gte:5" into operator and value. A value without a word before a colon means
// eq. A word that is no operator is an error, although it may be text with a colon: a
// misspelled operator that is taken as text would return an empty list. The hint shows eq:.
func splitOp(param, raw string, t fieldpath.Target) (op, value string, err *crm.Error) {
	word, rest, found := strings.Cut(raw, ":")
	if !found || strings.Trim(strings.ToLower(word), "abcdefghijklmnopqrstuvwxyz_") != "" || word == "" {
		return "eq", raw, nil
	}
	allowed := opsFor(t)
	if slices.Contains(allowed, word) {
		return word, rest, nil
	}
	known := slices.ContainsFunc(Ops, func(op Op) bool { return op.Name == word })
	if !known && t.Key == "" && t.Field.Type.Comparison().Colon {
		return "eq", raw, nil
	}
	switch name := norm.Quote(param); {
	case known:
		err = crm.Errorf(crm.InvalidOp, "%s: cannot be used with %s (type %s); use %s.", word, name, t.Field.Type, allowedOps(allowed))
		if t.Field.Type.Comparison().By == crm.ByFlag {
			err.Hint += fmt.Sprintf(" Write %s=yes or %s=no.", name, name)
		}
		err.Allowed = allowed // a near name, as in for is, would be no correction
		return "", "", err.On(param)
	case t.Key != "" || !isQuantity(t.Field):
		err = crm.Errorf(crm.InvalidOp, "%s is not an operator of %s; use %s. If the colon is part of the text, write %s=eq:%s",
			norm.Quote(word), name, allowedOps(allowed), name, inCall(raw))
		err.Allowed = allowed
		return "", "", err.On(param)
	default:
		err = crm.Errorf(crm.InvalidOp, "%s is not an operator of %s; use %s. For a range write %s=gte:…&%s=lte:…", norm.Quote(word), name, allowedOps(allowed), name, name)
	}
	return "", "", err.On(param).Of(word, allowed)
}
