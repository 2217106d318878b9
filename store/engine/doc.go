// Package engine says what the store asks of a database. Package sqlite is a file that one
// process owns; package postgres is a server that several processes use at the same time. Both
// run the same SQL, with the words below where their languages differ, and both answer the same.
//
// # Words
//
// SQL of the store has these words, which each engine replaces by its own before it prepares a
// statement or runs a migration:
//
//	UNINDEXED <column>     the column, of which SQLite must use no index here
//	RARE(<condition>)      the condition, which SQLite is to take for one that few rows meet
//	keys_of(<array>)       a table with the column value: the whole numbers of a JSON array
//	items_of(<array>)      a table with the column value: the texts of a JSON array
//	pairs_of(<object>)     a table with the columns key and value: the whole numbers of a JSON object
//	rows_of(<array>)       a table with the column value: the arrays in a JSON array; value ->> 0 is the first cell
//	<text> BYTEWISE        the text, which is compared by its bytes
//	main.<table>           the table itself, where a WITH clause has a subquery of its name
//	BIGINT, TEXT           the only types of columns
//	STRICT, CLUSTERED      options of a table: its types are checked; it is the tree of its key
//
// SQL of a statement is made by the program, never from what a client sends, so a word cannot
// be part of a value.
package engine
