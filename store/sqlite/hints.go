package sqlite

// Hints to SQLite's query planner, and SQL that only SQLite understands. A hint changes how fast
// a statement runs, never which rows it finds. The planner knows how many rows an index has on
// average, but not how many have this value, or are in this workspace. So a statement has a hint
// where the planner was seen to choose an index that reads far more rows than it returns.

// NoIndex returns SQL that begins with a column, such as "t.workspace_id = $1", so that SQLite
// uses no index for that column. Unary plus makes it an expression, for which there is no index,
// and does not change its value.
func NoIndex(sql string) string { return "+" + sql }

// JoinInOrder returns a join of two tables that SQLite reads in this order: the rows of the
// first, and for each of them those of the second that the WHERE clause asks for. Of an ordinary
// join the planner may read either table first.
func JoinInOrder(first, second string) string { return first + " CROSS JOIN " + second }

// KeysFromJSON is SQL that returns the keys of an argument, a JSON array. %d is the number of
// the argument.
const KeysFromJSON = "SELECT value FROM json_each($%d)"

// PairsFromJSON is SQL that returns the pairs of an argument, a JSON object: key and value. %d is
// the number of the argument.
const PairsFromJSON = "SELECT key, value FROM json_each($%d)"
