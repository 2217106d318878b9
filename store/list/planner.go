package list

import (
	"context"
	"errors"
	"fmt"
	"math"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/snapshot"
	"crmkit/store/sqlite"
	"crmkit/store/textindex"
)

// Path is how a list finds its rows: by walking the index of its order and testing each
// row, or by keys that another index or the search index leads to.
type Path struct {
	Actor    crm.Actor
	Query    *query.Query
	rows     int64 // of the kind
	ByKeys   bool  // the order is that of keys
	Index    *query.IndexPath
	Hits     *textindex.Matches // of search=; nil: nothing is searched, or not in the index
	KeyList  string             // of keys in JSON: no other rows are read
	LastUsed Overlay
}

// MatchesNothing reports whether the text index shows that no row matches.
func (w Path) MatchesNothing() bool { return w.Hits != nil && w.Hits.Total == 0 }

// Reader is a read transaction that uses cached counts and records.
type Reader struct {
	*snapshot.Tx
	Cached cache.Snapshot
}

// ChoosePlan chooses the access path. It affects only the work: every path leads to the same
// rows. The number of rows includes those that a pending delete will remove.
func (c *Reader) ChoosePlan(ctx context.Context, actor crm.Actor, q *query.Query, h *textindex.Matches) (w Path, err error) {
	w = Path{Actor: actor, Query: q, Hits: h}
	if q.Entity.IsView() {
		return w, nil
	}
	const text = "SELECT n, astray FROM main.usage WHERE workspace_id = $1 AND kind = $2"
	args := []any{actor.Workspace, q.Entity.Plural}
	use, err := c.Cached.Count(cache.NewKey(actor.Workspace, text, args), func() (m cache.Count, err error) {
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
	w.rows, w.ByKeys = use.N, inOrder && !q.NarrowByKeys && !q.Ranked()
	return c.cheapestSource(ctx, w, int64(q.Limit))
}

// cheapestSource returns the access path that finds the wanted number of rows with the least
// work.
func (c *Reader) cheapestSource(ctx context.Context, w Path, wanted int64) (_ Path, err error) {
	w.Index, w.KeyList = nil, ""
	if w.Hits != nil && w.Hits.Total <= breakEven(w.rows*costTextScan, wanted) {
		w.KeyList = KeysJSON(w.Hits.Keys())
		return w, nil
	}
	w.Index, err = c.cheapestIndex(ctx, w, wanted)
	return w.PreferSpan(), err
}

// PreferSpan walks the index of the order, and not the keys, if the condition begins with a
// range of its times and no other index is better: in the order of keys all rows before the
// range would be read.
func (w Path) PreferSpan() Path {
	w.ByKeys = w.ByKeys && (w.Index != nil || !w.Query.Spans(w.Query.Order.Field))
	return w
}

// cheapestIndex returns the index path that finds the wanted rows with the least work, or nil.
// A path in the order of the list stops at the last wanted row, so it is never worse than
// testing all rows. Between several paths, and for any other, the number of keys decides.
func (c *Reader) cheapestIndex(ctx context.Context, w Path, wanted int64) (best *query.IndexPath, err error) {
	few, least := breakEven(w.rows, wanted), int64(math.MaxInt64)
	for i := range w.Query.IndexPaths {
		l := &w.Query.IndexPaths[i]
		along := w.ByKeys && l.Sorted
		if along && len(w.Query.IndexPaths) == 1 {
			return l, nil
		}
		n, err := c.CountKeys(ctx, w, l, max(few, query.TotalCap))
		if err != nil {
			return nil, err
		}
		if n < least && (along || n <= few) {
			best, least = l, n
		}
	}
	return best, nil
}

// CountKeys returns how many keys an index path has; most+1 means more than most.
func (c *Reader) CountKeys(ctx context.Context, w Path, l *query.IndexPath, most int64) (int64, error) {
	text := fmt.Sprintf("SELECT COUNT(*) FROM (%s LIMIT %d) x", l.Keys(), most+1)
	args := append([]any{w.Actor.Workspace}, w.Query.Args...)
	m, err := c.Cached.Count(cache.NewKey(w.Actor.Workspace, text, args), func() (m cache.Count, err error) {
		return m, c.RowUntil(ctx, text, args, &m.N)
	})
	return m.N, err
}

// costKeyLookup is the work of finding a row by its key and sorting it, in units of testing a
// row in the order of an index.
const costKeyLookup = 3

// costTextScan is the work of searching the text of a row, in the same unit.
const costTextScan = 8

// breakEven returns the number of matching keys below which fetching and sorting all their
// rows costs less than walking the index of the order: with n matches among all rows, a walk
// passes wanted/n of them.
func breakEven(rows, wanted int64) int64 {
	if most := rows / costKeyLookup; most <= wanted {
		return most
	}
	return int64(math.Sqrt(float64(wanted) * float64(rows) / costKeyLookup))
}
