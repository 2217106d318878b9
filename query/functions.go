package query

// The SQL functions that compiled queries call to find a text or a part of one. All take a column
// and a text, and return NULL if the column is NULL. LIKE and instr() of SQLite are not used,
// because they try the whole pattern at each position, so their time is the product of both
// lengths. Package store defines the functions for SQLite; in PostgreSQL each is one CREATE
// FUNCTION around POSITION.
const (
	TextContains = "text_contains" // whether the column contains the text
	FoldContains = "fold_contains" // whether the column contains it after folding
	SameSpelling = "same_spelling" // whether the column is the text, but for kinds of apostrophe, hyphen and blank (norm.Plain)
	HostContains = "host_contains" // the same for a column with host names, in either form (norm.FoldHosts)
	ItemContains = "item_contains" // the same for one of the items of a list, which the column has as JSON
)

// textContains returns the condition that a column contains a text.
func textContains(column, arg string) string { return TextContains + "(" + column + ", " + arg + ")" }

// foldContains returns the condition that a column contains a folded text after folding.
func foldContains(column, arg string) string { return FoldContains + "(" + column + ", " + arg + ")" }

// textBegins returns the condition that a column begins with a text; characters is the
// placeholder of the text's length.
func textBegins(column, arg, characters string) string {
	return "SUBSTR(" + column + ", 1, " + characters + ") = " + arg
}
