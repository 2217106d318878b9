package engine

// Hints to the planner of SQLite. A hint changes how fast a statement runs, never which rows it
// finds. The planner of SQLite knows how many rows an index has on average, but not how many have
// this value, or are in this workspace. So a statement has a hint where the planner was seen to
// choose an index that reads far more rows than it returns. PostgreSQL keeps statistics of values
// and needs none.

// Unindexed is the word before a column of which no index is used.
const Unindexed = "UNINDEXED "

// NoIndex returns SQL that begins with a column, such as "t.workspace_id = $1", so that SQLite
// uses no index for that column.
func NoIndex(sql string) string { return Unindexed + sql }

// Rare returns a condition as one that few rows meet, such as "v.text = $5", so that SQLite reads them
// from an index of its column, also if it must look up each row for another column.
func Rare(condition string) string { return "RARE(" + condition + ")" }

// JoinInOrder returns a join of two tables that SQLite reads in this order: the rows of the
// first, and for each of them those of the second that the WHERE clause asks for. Of an ordinary
// join the planner may read either table first.
func JoinInOrder(first, second string) string { return first + " CROSS JOIN " + second }

// KeysFromJSON is SQL that returns the keys of an argument, a JSON array of whole numbers. %d is the
// number of the argument.
const KeysFromJSON = "SELECT value FROM keys_of($%d)"

// PairsFromJSON is SQL that returns the pairs of an argument, a JSON object: the name as key, and
// the whole number as value. %d is the number of the argument.
const PairsFromJSON = "SELECT key, value FROM pairs_of($%d)"
