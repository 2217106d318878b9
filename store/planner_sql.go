package store

import (
	"fmt"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/sqlite"
	"crmkit/store/table"
)

// ranges returns the ranges of rows that remain after the cursor.
func (w accessPath) ranges() []query.Range {
	switch {
	case w.inSortOrder():
		return []query.Range{w.q.KeyRange(w.indexPath.Sources[0].Key)}
	case w.byKeys:
		return []query.Range{w.q.KeyRange("t.key")}
	}
	return w.q.Ranges()
}

// inSortOrder reports whether the index path returns rows in the order of the list.
func (w accessPath) inSortOrder() bool { return w.indexPath != nil && w.byKeys && w.indexPath.Sorted }

// keys returns SQL for the keys of a range, each after the other terms of the order.
func (w accessPath) keys(part query.Range) string {
	return "SELECT " + strings.Join(part.Order.Columns(), ", ") + " FROM " + w.keySubquery(part) + " ORDER BY " + part.Order.String()
}

// keySubquery returns SQL for the rows of a range, from FROM on, in any order.
func (w accessPath) keySubquery(part query.Range) string {
	e := w.q.Entity
	from, scope := e.TableName()+" t", table.ScopeSQL(e)
	switch {
	case w.inSortOrder():
		s := w.indexPath.Sources[0]
		from, scope = s.From+" CROSS JOIN "+from, "t.key = "+s.Key+" AND "+s.Where+" AND +"+scope
	case w.keyList != "":
		scope = fmt.Sprintf("+%s AND t.key IN ("+sqlite.KeysFromJSON+")", scope, len(part.Args)+2)
	case w.indexPath != nil: // the plus sign keeps SQLite from the index of the order
		scope = "+" + scope + " AND t.key IN (" + w.indexPath.Keys() + ")"
	case !e.IsView() && len(part.Order) > 0 && part.Order[0].By == "t.key":
		scope = "+" + scope + w.ownKeys()
	case w.lastUsed.table != "":
		from = fmt.Sprintf(w.lastUsed.table, len(part.Args)+2) + " t"
	}
	return from + " WHERE " + scope + " AND " + part.Where
}

// ownKeys is the condition that keeps a list in the order of keys within the workspace, which
// is a range of the table itself. If a cursor bounds the range the condition has only the
// other bound: of two bounds on one side SQLite may start at either one and test the other row
// by row.
func (w accessPath) ownKeys() (condition string) {
	if w.q.First() || w.q.Order.Desc {
		condition += fmt.Sprintf(" AND t.key > $1 * %d", crm.RecordKey(1, 0))
	}
	if w.q.First() || !w.q.Order.Desc {
		condition += fmt.Sprintf(" AND t.key < ($1 + 1) * %d", crm.RecordKey(1, 0))
	}
	return condition
}

// args returns the arguments of a statement on a range.
func (w accessPath) args(part query.Range) []any {
	args := append([]any{scope(w.actor, w.q.Entity)}, part.Args...)
	if w.keyList != "" {
		args = append(args, w.keyList)
	}
	if w.lastUsed.table != "" {
		args = append(args, w.lastUsed.json())
	}
	return args
}
