package query

import "crmkit/crm"

// FoldedSQL returns the SQL of the folded form of a field with a folded column; NULL if the
// field is unset. The folded column itself is NULL where it would repeat the field, which saves
// space, except for fields that need it in an index.
func FoldedSQL(alias string, f *crm.Field) string {
	column := alias + "." + f.Col()
	if f.KeepsFold() {
		return column + "_fold"
	}
	return "COALESCE(" + column + "_fold, " + column + ")"
}
