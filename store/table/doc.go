// Package table says how records are stored: the table of each entity, its columns and its
// most used statements, how a row becomes a record, and how a value becomes an argument. It makes
// SQL text from the schema, once, and never runs it.
//
// Some text is stored folded too, labels and custom values have tables of their own, and some
// values are derived. A caller that reads a record needs to know nothing of this: Table.Columns
// and a Row are enough. A caller that writes one uses FieldColumns and FieldValues of each field
// in Table.Stored.
//
// While a delete with many references has not finished, readers must see the tables as they
// will be afterwards. PendingView rewrites the statements of readers for that.
//
// A row with a cell that this program never writes is an error that names the row (DamagedRow),
// so a damaged row is never mistaken for a record.
package table
