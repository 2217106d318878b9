// Package fieldpath says what the names of filters lead to: company.owner is the field owner of the record to
// which a reference leads. A path has at most MaxHops steps.
//
// It also makes the SQL of the way there, as nested subqueries with fixed names of tables: t for the record of
// the list, r1 for that after the first step, l1 for the record between if the step is a link. Package store/past
// knows these names. Only names of the schema reach the SQL.
package fieldpath
