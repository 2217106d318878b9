package fieldpath

// NoIndex returns SQL that begins with a column, so that SQLite uses no index for that column:
// unary plus makes it an expression, for which there is no index. It is the hint NoIndex of
// package store/sqlite, which this package may not import. Which rows match is the same without
// it.
func NoIndex(sql string) string { return "UNINDEXED " + sql }

// Rare returns a condition as one that few rows meet: SQLite then reads them from an index of its
// column. It is the hint Rare of package store/engine.
func Rare(condition string) string { return "RARE(" + condition + ")" }
