package query

// The SQL functions that compiled queries call. Both take a column and a text, and return NULL if
// the column is NULL. Package store defines them for SQLite, in Go.
const (
	// TextContains returns whether the column contains the text. LIKE and instr() of SQLite are
	// not used, because they try the whole text at each position, so their time is the product
	// of both lengths. PostgreSQL has POSITION, which does not.
	TextContains = "text_contains"
	SameSpelling = "same_spelling" // whether the column is the text, but for kinds of apostrophe, hyphen and blank (norm.Plain)
)

// textContains returns the condition that a column contains a text.
func textContains(column, arg string) string { return TextContains + "(" + column + ", " + arg + ")" }

// textBegins returns the condition that a column begins with a text; characters is the
// placeholder of the text's length.
func textBegins(column, arg, characters string) string {
	return "SUBSTR(" + column + ", 1, " + characters + ") = " + arg
}
