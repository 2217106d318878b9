package query

// TextContains is the SQL function that compiled queries call: whether a column contains a text,
// NULL if the column is NULL. LIKE and instr() of SQLite are not used, because they try the whole
// text at each position, so their time is the product of both lengths. Package store defines the
// function for SQLite, in Go, and for PostgreSQL by POSITION, which does not.
const TextContains = "text_contains"

// textContains returns the condition that a column contains a text.
func textContains(column, arg string) string { return TextContains + "(" + column + ", " + arg + ")" }

// textBegins returns the condition that a column begins with a text; characters is the
// placeholder of the text's length.
func textBegins(column, arg, characters string) string {
	return "SUBSTR(" + column + ", 1, " + characters + ") = " + arg
}
