// Package secondary writes the tables beside those of records, from which filters find records by
// a part of a value: tags (labels), custom_values (keys of objects), list_values (items of lists
// such as other_emails), and values_in_use (how many records have a value). The packages duplicates and
// visits write further tables, which are updated with them. It also writes what records keep of
// others: counts, times and labels (rollup.go, derived.go).
//
// Each row follows from a record, and is written in the transaction that changes the record. So
// the tables say nothing that the records do not, and could be built from them again.
package secondary
