package query

// The SQL functions that compiled questions call to find a part of a text, each of a
// column and a text to find; unset where the column is. SQLite has no such test that
// works in linear time: its LIKE and instr() try the whole pattern at each position.
// Package store gives them to SQLite; elsewhere each is one CREATE FUNCTION around
// POSITION.
const (
	TextContains = "text_contains" // whether the column has the text
	FoldContains = "fold_contains" // whether the column, folded, has it
)

// textContains is the test that a column holds a text.
func textContains(column, arg string) string { return TextContains + "(" + column + ", " + arg + ")" }

// foldContains is the test that a column, folded, holds a folded text.
func foldContains(column, arg string) string { return FoldContains + "(" + column + ", " + arg + ")" }

// textBegins is the test that a column begins with a text of so many characters.
func textBegins(column, arg, characters string) string {
	return "SUBSTR(" + column + ", 1, " + characters + ") = " + arg
}
