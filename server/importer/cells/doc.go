// Package cells turns the cells of a row of a file into the values of a record: it knows which
// field each column is for, how numbers and dates of a column are written, and how several
// cells make one value. It reads no file and no store.
//
// # Columns
//
// A column is mapped by its name alone, once: by the table of package products, by the names of
// the fields, or into custom. So all rows of a file are read alike. Numbers and dates are the
// exception, since a cell such as 1.200 can be read in two ways: all cells of a column are
// looked at before the first row is read, and decide it together (Learn, DecideStyles).
//
// # Nothing is lost
//
// Every cell that is not empty is in the row that Read returns: in a field, in the lookups of
// the records that the row refers to, in custom under the name of its column, or, in an
// activity, which has no custom object, as a line of its body. Two things are left out because
// they say nothing more: the parts of a name that is there as a whole, and a yes or no that the
// value of a field shows.
package cells
