package query

import (
	"slices"
	"strconv"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// FoldedSQL returns the SQL of the form by which a folded field of the table with the
// alias is sorted and compared; NULL where the field is unset.
func FoldedSQL(alias string, f *crm.Field) string {
	column := alias + "." + f.Col()
	if f.KeepsFold() {
		return column + "_fold"
	}
	return "COALESCE(" + column + "_fold, " + column + ")"
}

// FoldOf returns the form by which a value of a folded field is sorted and compared.
func FoldOf(f *crm.Field, s string) string {
	if f.Type == crm.Phone {
		return norm.Phone(s)
	}
	if f.Ordered {
		return strconv.Itoa(slices.Index(f.Values, s))
	}
	return norm.Fold(s)
}
