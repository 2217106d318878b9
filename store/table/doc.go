// Package table says how records are stored: the table of each entity, its columns and its
// most used statements, and how a row becomes a record and a value an argument. It makes
// SQL text from the schema, once, and never runs it.
//
// Text is folded, labels and custom values are kept in tables of their own, and some values are
// derived, but a caller needs to know none of it to read a record: Table.Columns and a Row are
// enough. Who writes one takes FieldColumns and FieldValues of each field in Table.Stored.
//
// While a delete with many references has not finished, readers must see the tables as they
// will be afterwards. PendingView rewrites the statements of readers for that.
//
// A cell that this program never writes is an error that names the row (DamagedRow), so one
// damaged row never looks like a record.
package table
