package kit

import (
	"slices"
	"strings"
)

// Catalog says which tables a database has.
type Catalog struct {
	Shared bool                                                         // it is one of PostgreSQL, not a file
	Raw    func(columns int, text string, args ...any) (lines []string) // runs a query
}

// Tables returns the names of the tables.
func (c Catalog) Tables() []string {
	if c.Shared {
		return c.Raw(1, "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
	}
	return c.Raw(1, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
}

// Columns returns the columns of a table in their order, each with its type in the words of
// migrations: "key BIGINT".
func (c Catalog) Columns(table string) []string {
	if c.Shared {
		return c.Raw(1, "SELECT column_name || ' ' || UPPER(data_type) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position", table)
	}
	columns := c.Raw(1, "SELECT name || ' ' || type FROM pragma_table_info($1) ORDER BY cid", table)
	for i := range columns {
		columns[i] = strings.Replace(columns[i], " INTEGER", " BIGINT", 1)
	}
	return columns
}

// ColumnNames returns the names of the columns of a table in their order, without some.
func (c Catalog) ColumnNames(table string, without ...string) (names []string) {
	for _, column := range c.Columns(table) {
		if name, _, _ := strings.Cut(column, " "); !slices.Contains(without, name) {
			names = append(names, name)
		}
	}
	return names
}
