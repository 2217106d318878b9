package list

import (
	"context"
	"fmt"
	"math"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
	"crmkit/store/engine"
	"crmkit/store/snapshot"
)

// Path is how a list finds its rows: by walking the index of its order and testing each
// row, or by the keys that an index path or the text index has. ChoosePlan returns the one with
// the least work. A Path of an Actor and a Query alone finds the same rows.
type Path struct {
	Actor    crm.Actor
	Query    *query.Query
	rows     int64            // records of the kind in the workspace
	ByKeys   bool             // the order of the list is that of keys
	Index    *query.IndexPath // read instead of the index of the order; nil: none
	Hits     *Hits            // of search=; nil: the query has none, or SQL answers it
	Many     string           // SQL of the keys of search=, of which there are more than query.TotalCap; empty: see Hits
	KeyList  string           // the only keys that may match, from KeysJSON; empty: any
	LastUsed Overlay          // in lists of tokens
	Past     *Past            // nil: the list is of the present
	Pass     bool             // all rows are read, in the order of their keys unless Index has those that match: an index of another column would lead to each of them
	byMany   bool             // the rows are those of Many
}

// Hits are the records that match a search.
type Hits struct {
	Total        int64
	NoExactMatch bool          // no record has the words of the search, so they may be misspelled
	KeyList      func() string // their keys, from KeysJSON
}

// MatchesNothing reports whether an index shows that no row matches.
func (p Path) MatchesNothing() bool { return p.Hits != nil && p.Hits.Total == 0 }

// Reader is a read transaction that uses cached counts and records. Cached must be of the same
// commit as the transaction, or not valid. Like the transaction it serves one goroutine.
type Reader struct {
	*snapshot.Tx
	Cached cache.Snapshot
	Usage  snapshot.Usage // of the workspace, if the database is shared; else nil
}

// ChoosePlan returns the access path with the least work for a page. hits are the matches of
// search=, nil if SQL tests each record for it. Every path finds the same rows. So the counts
// that it compares may be inexact: they include rows that a pending delete will remove.
func (r *Reader) ChoosePlan(ctx context.Context, actor crm.Actor, q *query.Query, hits *Hits) (path Path, err error) {
	path = Path{Actor: actor, Query: q, Hits: hits}
	if q.Entity.IsView() {
		return path, nil
	}
	use, err := r.usage(ctx, actor.Workspace, q.Entity.Plural)
	if err != nil {
		return path, err
	}
	inOrder := q.Order.Field.IsIdentity() || q.Order.Field.Name == crm.FieldCreatedAt && use.Astray == 0
	path.rows, path.ByKeys = use.N, inOrder && !q.NarrowByKeys && !q.Ranked()
	return r.cheapestSource(ctx, path, int64(q.Limit))
}

// usage returns the counts of a kind, which include rows that a pending delete will remove.
func (r *Reader) usage(ctx context.Context, workspace int64, kind string) (snapshot.KindUsage, error) {
	if r.Usage != nil {
		return r.Usage[kind], nil
	}
	const text = "SELECT n, astray FROM main.usage WHERE workspace_id = $1 AND kind = $2"
	args := []any{workspace, kind}
	m, err := r.Cached.Count(cache.NewKey(workspace, text, args), func() (m cache.Count, err error) {
		_, err = engine.Found(r.Row(ctx, text, args, &m.N, &m.More))
		return m, err
	})
	return snapshot.KindUsage{N: m.N, Astray: m.More}, err
}

// cheapestSource returns the access path that finds the wanted number of rows with the least
// work.
func (r *Reader) cheapestSource(ctx context.Context, path Path, wanted int64) (_ Path, err error) {
	path.Index, path.KeyList = nil, ""
	if path.Hits != nil && path.Hits.Total <= breakEven(path.rows*costTextScan, wanted) {
		path.KeyList = path.Hits.KeyList()
		return path, nil
	}
	path.Index, err = r.cheapestIndex(ctx, path, wanted)
	return path.PreferSpan(), err
}

// PreferSpan returns the path that walks the index of a time, and not the keys, if the list is
// in the order of that time, a condition bounds it, and no other index is better. In the order
// of keys all rows before the bound would be read.
func (p Path) PreferSpan() Path {
	p.ByKeys = p.ByKeys && (p.Index != nil || !p.Query.Spans(p.Query.Order.Field))
	return p
}

// cheapestIndex returns the index path that finds the wanted rows with the least work, or nil.
// A path in the order of the list stops at the last wanted row, so it is never worse than
// testing all rows. Between several paths, and for any other, the number of keys decides.
func (r *Reader) cheapestIndex(ctx context.Context, path Path, wanted int64) (best *query.IndexPath, err error) {
	worthwhile, fewest := breakEven(path.rows, wanted), int64(math.MaxInt64)
	for i := range path.Query.IndexPaths {
		index := &path.Query.IndexPaths[i]
		sorted := path.ByKeys && index.Sorted
		if sorted && len(path.Query.IndexPaths) == 1 {
			return index, nil
		}
		n, err := r.CountKeys(ctx, path, index, max(worthwhile, query.TotalCap))
		if err != nil {
			return nil, err
		}
		if n < fewest && (sorted || n <= worthwhile) {
			best, fewest = index, n
		}
	}
	return best, nil
}

// CountKeys returns how many keys an index path has, from the cache if it has the count;
// most+1 means more than most. A record that several sources of the path have is counted more
// than once.
func (r *Reader) CountKeys(ctx context.Context, path Path, index *query.IndexPath, most int64) (int64, error) {
	text := fmt.Sprintf("SELECT COUNT(*) FROM (%s LIMIT %d) x", index.Keys(), most+1)
	args := append([]any{path.Actor.Workspace}, path.Query.Args...)
	m, err := r.Cached.Count(cache.NewKey(path.Actor.Workspace, text, args), func() (m cache.Count, err error) {
		return m, r.RowUntil(ctx, text, args, &m.N)
	})
	return m.N, err
}

// costKeyLookup is the work of finding a row by its key and sorting it, in units of testing a
// row in the order of an index.
const costKeyLookup = 3

// costTextScan is the work of searching the text of a row in SQL, in the same unit.
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
