// Package aggregate reads the parameters of a list that answers numbers instead of records: groups,
// sums, averages, smallest and largest values, counts of different values. It also has what follows
// from these parameters alone: where the days and months of a zone begin (unit.go), how lines are
// sorted, filled, cut and compared with those of another time (table.go, fill.go, unite.go).
//
// It knows no SQL and does no I/O: package query compiles the conditions, store/aggregate reads the
// numbers. Two invariants hold. The lines of an answer add up to the line without groups, since what
// does not fit is added up in a line of its own. And amounts of different currencies are never added:
// a measure of money makes its currency a group.
package aggregate
