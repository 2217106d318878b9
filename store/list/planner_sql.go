package list

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/table"
)

// Ranges returns the ranges of rows that remain after the cursor, in the order of the list. Each
// is one range of the index that the path walks.
func (p Path) Ranges() []query.Range {
	switch {
	case p.InSortOrder():
		return []query.Range{p.Query.KeyRange(p.Index.Sources[0].Key)}
	case p.ByKeys:
		return []query.Range{p.Query.KeyRange("t.key")}
	}
	return p.Query.Ranges()
}

// InSortOrder reports whether the index path returns rows in the order of the list.
func (p Path) InSortOrder() bool { return p.Index != nil && p.ByKeys && p.Index.Sorted }

// KeysSQL returns SQL for the rows of a range in the order of the list. Its columns are the terms
// of the order; the last is the key. Its arguments are the scope $1 and those of the range.
func (p Path) KeysSQL(part query.Range) string {
	return "SELECT " + strings.Join(part.Order.Columns(), ", ") + " FROM " + p.keySubquery(part) + " ORDER BY " + part.Order.String()
}

// keySubquery returns SQL for the rows of a range, from FROM on, in any order. A path that
// reads keys uses no index for the scope: SQLite would walk that of the order.
func (p Path) keySubquery(part query.Range) string {
	if p.Past != nil {
		return p.pastSubquery(part)
	}
	e := p.Query.Entity
	from, scope := e.TableName()+" t", table.ScopeSQL(e)
	switch {
	case p.InSortOrder():
		s := p.Index.Sources[0]
		from, scope = engine.JoinInOrder(s.From, from), "t.key = "+s.Key+" AND "+s.Where+" AND "+engine.NoIndex(scope)
	case p.KeyList != "":
		scope = engine.NoIndex(scope) + " AND t.key IN (" + fmt.Sprintf(engine.KeysFromJSON, len(part.Args)+2) + ")"
	case p.byMany:
		scope = "t.key = ANY(ARRAY(" + p.Many + "))" // which are within the scope
	case p.Index != nil:
		scope = engine.NoIndex(scope) + " AND t.key IN (" + p.Index.Keys() + ")"
	case !e.IsView() && (p.Pass || len(part.Order) > 0 && part.Order[0].By == "t.key"):
		scope = engine.NoIndex(scope) + p.ownKeys()
	case p.LastUsed.Table != "":
		from = fmt.Sprintf(p.LastUsed.Table, len(part.Args)+2) + " t"
	}
	return from + " WHERE " + scope + " AND " + part.Where
}

// ownKeys is the condition that keeps a list in the order of keys within the workspace, which
// is a range of the table itself. If a cursor bounds the range the condition has only the
// other bound: of two bounds on one side SQLite may start at either one and test the other row
// by row.
func (p Path) ownKeys() (condition string) {
	if p.Query.First() || p.Query.Order.Desc {
		condition += fmt.Sprintf(" AND t.key > $1 * %d", crm.RecordKey(1, 0))
	}
	if p.Query.First() || !p.Query.Order.Desc {
		condition += fmt.Sprintf(" AND t.key < ($1 + 1) * %d", crm.RecordKey(1, 0))
	}
	return condition
}

// args returns the arguments of a statement on a range.
func (p Path) args(part query.Range) []any {
	args := append([]any{Scope(p.Actor, p.Query.Entity)}, part.Args...)
	if p.KeyList != "" {
		args = append(args, p.KeyList)
	}
	if p.LastUsed.Table != "" {
		args = append(args, p.LastUsed.json())
	}
	if p.Past != nil {
		args = append(args, p.Past.Changed)
	}
	return args
}
