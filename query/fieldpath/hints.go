package fieldpath

// NoIndex returns SQL that begins with a column, so that SQLite uses no index for that column:
// unary plus makes it an expression, for which there is no index. It is the hint NoIndex of
// package store/sqlite, which this package may not import. Which rows match is the same without
// it.
func NoIndex(sql string) string { return "UNINDEXED " + sql }
