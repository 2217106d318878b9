package query

import "crmkit/crm"

// FoldedSQL returns the SQL of the form by which a folded field of the table with the
// alias is sorted and compared; NULL where the field is unset.
func FoldedSQL(alias string, f *crm.Field) string {
	column := alias + "." + f.Col()
	if f.KeepsFold() {
		return column + "_fold"
	}
	return "COALESCE(" + column + "_fold, " + column + ")"
}
