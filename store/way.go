package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/sqlite"
	"crmkit/store/textindex"
)

// accessPath is how the rows of a list are come by: along the index of its order, testing row
// after row, or along a lead.
type accessPath struct {
	actor     crm.Actor
	q         *query.Query
	rows      int64 // of the kind
	byKeys    bool  // the order is that of keys
	indexPath *query.IndexPath
	hits      *textindex.Matches // of search=; nil: there is no mirror, or nothing is searched
	keyList   string             // of keys in JSON: no other rows are read
	lastUsed  lastUsedOverlay
}

// reader is a view that keeps what it counts.
type reader struct {
	*ReadTx
	cached cache.Snapshot
}

// choosePlan chooses. It is a matter of work only: all ways lead to the same rows, and how many
// there are includes those that are about to go with what is gone.
func (c *reader) choosePlan(ctx context.Context, actor crm.Actor, q *query.Query, h *textindex.Matches) (w accessPath, err error) {
	w = accessPath{actor: actor, q: q, hits: h}
	if q.Entity.RandomID {
		return w, nil
	}
	const text = "SELECT n, astray FROM main.usage WHERE workspace_id = $1 AND kind = $2"
	args := []any{actor.Workspace, q.Entity.Plural}
	use, err := c.cached.Count(cache.NewKey(actor.Workspace, text, args), func() (m cache.Count, err error) {
		err = c.Row(ctx, text, args, &m.N, &m.More)
		if errors.Is(err, sqlite.ErrNoRows) {
			err = nil
		}
		return m, err
	})
	if err != nil {
		return w, err
	}
	inOrder := q.Order.Field.IsIdentity() || q.Order.Field.Name == crm.FieldCreatedAt && use.More == 0
	w.rows, w.byKeys = use.N, inOrder && !q.NarrowByKeys && !q.Ranked()
	return c.cheapestSource(ctx, w, int64(q.Limit))
}

// cheapestSource returns the way by which so many rows are come by with the least work.
func (c *reader) cheapestSource(ctx context.Context, w accessPath, wanted int64) (_ accessPath, err error) {
	w.indexPath, w.keyList = nil, ""
	if w.hits != nil && w.hits.Total <= breakEven(w.rows*costTextScan, wanted) {
		w.keyList = jsonKeys(w.hits.Keys())
		return w, nil
	}
	w.indexPath, err = c.cheapestIndex(ctx, w, wanted)
	return w.preferSpan(), err
}

// preferSpan returns the way along the index of the order where that begins with a span of
// its times, and no lead is better: in the order of keys all rows before it are passed.
func (w accessPath) preferSpan() accessPath {
	w.byKeys = w.byKeys && (w.indexPath != nil || !w.q.Spans(w.q.Order.Field))
	return w
}

// cheapestIndex returns the lead by which the rows that are wanted are come by with the least
// work, or nil. One in the order of the list ends when it has those rows, so it is
// never worse than testing all rows; of several, and of any other, it matters how many
// keys they lead to.
func (c *reader) cheapestIndex(ctx context.Context, w accessPath, wanted int64) (best *query.IndexPath, err error) {
	few, least := breakEven(w.rows, wanted), int64(math.MaxInt64)
	for i := range w.q.IndexPaths {
		l := &w.q.IndexPaths[i]
		along := w.byKeys && l.Sorted
		if along && len(w.q.IndexPaths) == 1 {
			return l, nil
		}
		n, err := c.countKeys(ctx, w, l, max(few, query.TotalCap))
		if err != nil {
			return nil, err
		}
		if n < least && (along || n <= few) {
			best, least = l, n
		}
	}
	return best, nil
}

// countKeys returns how many keys a lead has; most+1 stands for more than most.
func (c *reader) countKeys(ctx context.Context, w accessPath, l *query.IndexPath, most int64) (int64, error) {
	text := fmt.Sprintf("SELECT COUNT(*) FROM (%s LIMIT %d) x", l.Keys(), most+1)
	args := append([]any{w.actor.Workspace}, w.q.Args...)
	m, err := c.cached.Count(cache.NewKey(w.actor.Workspace, text, args), func() (m cache.Count, err error) {
		return m, c.RowUntil(ctx, text, args, &m.N)
	})
	return m.N, err
}

// costKeyLookup is how many times the work of testing a row in the order of an index it is to
// find one by its key and to sort it.
const costKeyLookup = 3

// costTextScan is how many times the work of testing a row it is to look for words in it.
const costTextScan = 8

// breakEven returns up to how many keys it is less work to find and sort the rows of all
// than to walk the index of the order until the wanted ones are there: of n among all
// rows a walk passes wanted/n of all.
func breakEven(rows, wanted int64) int64 {
	if most := rows / costKeyLookup; most <= wanted {
		return most
	}
	return int64(math.Sqrt(float64(wanted) * float64(rows) / costKeyLookup))
}

// ranges returns the ranges of the question's rows that remain behind its cursor.
func (w accessPath) ranges() []query.Range {
	switch {
	case w.inSortOrder():
		return []query.Range{w.q.KeyRange(w.indexPath.Sources[0].Key)}
	case w.byKeys:
		return []query.Range{w.q.KeyRange("t.key")}
	}
	return w.q.Ranges()
}

// inSortOrder reports whether the rows are read in the order of the lead.
func (w accessPath) inSortOrder() bool { return w.indexPath != nil && w.byKeys && w.indexPath.Sorted }

// keys returns the SQL of the keys of a range, each behind the other terms of the order.
func (w accessPath) keys(part query.Range) string {
	return "SELECT " + strings.Join(part.Order.Columns(), ", ") + " FROM " + w.keySubquery(part) + " ORDER BY " + part.Order.String()
}

// keySubquery returns the SQL of the rows of a range, from FROM on, in any order.
func (w accessPath) keySubquery(part query.Range) string {
	e := w.q.Entity
	from, scope := e.TableName()+" t", scopeSQL(e)
	switch {
	case w.inSortOrder():
		s := w.indexPath.Sources[0]
		from, scope = s.From+" CROSS JOIN "+from, "t.key = "+s.Key+" AND "+s.Where+" AND +"+scope
	case w.keyList != "":
		scope = fmt.Sprintf("+%s AND t.key IN ("+sqlite.KeysFromJSON+")", scope, len(part.Args)+2)
	case w.indexPath != nil: // the plus sign keeps SQLite from the index of the order
		scope = "+" + scope + " AND t.key IN (" + w.indexPath.Keys() + ")"
	case !e.RandomID && len(part.Order) > 0 && part.Order[0].By == "t.key":
		scope = "+" + scope + w.ownKeys()
	case w.lastUsed.table != "":
		from = fmt.Sprintf(w.lastUsed.table, len(part.Args)+2) + " t"
	}
	return from + " WHERE " + scope + " AND " + part.Where
}

// ownKeys is the condition that keeps a list in the order of keys to those of the
// workspace, which are a range of the table itself. Where a cursor bounds the range it
// stands alone: of two bounds on one side SQLite begins at either and tests the other, row
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

// scopeSQL is the condition that keeps a list within the scope of the actor.
func scopeSQL(e *crm.Entity) string { return "t." + e.ScopeColumn() + " = $1" }
