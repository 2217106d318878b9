package list

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/sqlite"
	"crmkit/store/table"
)

// Ranges returns the ranges of rows that remain after the cursor.
func (w Path) Ranges() []query.Range {
	switch {
	case w.InSortOrder():
		return []query.Range{w.Query.KeyRange(w.Index.Sources[0].Key)}
	case w.ByKeys:
		return []query.Range{w.Query.KeyRange("t.key")}
	}
	return w.Query.Ranges()
}

// InSortOrder reports whether the index path returns rows in the order of the list.
func (w Path) InSortOrder() bool { return w.Index != nil && w.ByKeys && w.Index.Sorted }

// KeysSQL returns SQL for the keys of a range, each after the other terms of the order.
func (w Path) KeysSQL(part query.Range) string {
	return "SELECT " + strings.Join(part.Order.Columns(), ", ") + " FROM " + w.keySubquery(part) + " ORDER BY " + part.Order.String()
}

// keySubquery returns SQL for the rows of a range, from FROM on, in any order.
func (w Path) keySubquery(part query.Range) string {
	e := w.Query.Entity
	from, scope := e.TableName()+" t", table.ScopeSQL(e)
	switch {
	case w.InSortOrder():
		s := w.Index.Sources[0]
		from, scope = s.From+" CROSS JOIN "+from, "t.key = "+s.Key+" AND "+s.Where+" AND +"+scope
	case w.KeyList != "":
		scope = fmt.Sprintf("+%s AND t.key IN ("+sqlite.KeysFromJSON+")", scope, len(part.Args)+2)
	case w.Index != nil: // the plus sign keeps SQLite from the index of the order
		scope = "+" + scope + " AND t.key IN (" + w.Index.Keys() + ")"
	case !e.IsView() && len(part.Order) > 0 && part.Order[0].By == "t.key":
		scope = "+" + scope + w.ownKeys()
	case w.LastUsed.Table != "":
		from = fmt.Sprintf(w.LastUsed.Table, len(part.Args)+2) + " t"
	}
	return from + " WHERE " + scope + " AND " + part.Where
}

// ownKeys is the condition that keeps a list in the order of keys within the workspace, which
// is a range of the table itself. If a cursor bounds the range the condition has only the
// other bound: of two bounds on one side SQLite may start at either one and test the other row
// by row.
func (w Path) ownKeys() (condition string) {
	if w.Query.First() || w.Query.Order.Desc {
		condition += fmt.Sprintf(" AND t.key > $1 * %d", crm.RecordKey(1, 0))
	}
	if w.Query.First() || !w.Query.Order.Desc {
		condition += fmt.Sprintf(" AND t.key < ($1 + 1) * %d", crm.RecordKey(1, 0))
	}
	return condition
}

// args returns the arguments of a statement on a range.
func (w Path) args(part query.Range) []any {
	args := append([]any{Scope(w.Actor, w.Query.Entity)}, part.Args...)
	if w.KeyList != "" {
		args = append(args, w.KeyList)
	}
	if w.LastUsed.Table != "" {
		args = append(args, w.LastUsed.json())
	}
	return args
}
