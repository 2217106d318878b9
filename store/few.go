package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"crmkit/crm"
	"crmkit/query"
)

// within returns the condition that every list begins with: the scope of the actor, and
// where one of the conditions lets few rows through, their keys. The plus sign keeps
// SQLite from taking the index of the order.
func (v *view) within(ctx context.Context, actor crm.Actor, q *query.Question) (string, error) {
	if len(q.Few) == 0 {
		return scoped(q.Entity), nil
	}
	var rows, n int64
	err := v.row(ctx, "SELECT n FROM usage WHERE workspace_id = $1 AND kind = $2", []any{actor.Workspace, q.Entity.Plural}, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	few := fewOf(rows, q)
	for _, keys := range q.Few {
		text := fmt.Sprintf("SELECT COUNT(*) FROM (%s LIMIT %d) x", keys, few+1)
		if err := v.row(ctx, text, append([]any{actor.Workspace}, q.Args...), &n); err != nil {
			return "", err
		}
		if n <= few {
			return "+" + scoped(q.Entity) + " AND t.key IN (" + keys + ")", nil
		}
	}
	return scoped(q.Entity), nil
}

// keysOf returns the SQL of the keys of a range. In the order of keys those of a
// workspace are a range of the table itself.
func keysOf(e *crm.Entity, within string, part query.Range) string {
	if plain := scoped(e); within == plain && !e.RandomID && strings.HasPrefix(part.Order, "t.key") {
		within = fmt.Sprintf("+%s AND t.key > $1 * %d AND t.key < ($1 + 1) * %d", plain, crm.RecordKey(1, 0), crm.RecordKey(1, 0))
	}
	return fmt.Sprintf("SELECT t.key FROM %s t WHERE %s AND %s ORDER BY %s", e.From(), within, part.Where, part.Order)
}

// scoped is the condition that keeps a list within the scope of the actor.
func scoped(e *crm.Entity) string { return "t." + e.ScopeColumn() + " = $1" }

// keyCost is how many times the work of testing a row in the order of an index it is to
// find one by its key and to sort it.
const keyCost = 3

// fewOf returns up to how many keys it is less work to read them than to walk the index
// of the order. A walk ends when it has the rows of the page and of the total: of n
// among all rows it passes w/n of all for w rows.
func fewOf(rows int64, q *query.Question) int64 {
	wanted := int64(query.TotalCap)
	switch q.Total {
	case query.TotalNone:
		wanted = int64(q.Limit)
	case query.TotalExact:
		wanted = rows
	}
	if most := rows / keyCost; most <= wanted {
		return most
	}
	return int64(math.Sqrt(float64(wanted) * float64(rows) / keyCost))
}
