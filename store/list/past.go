package list

import (
	"context"
	"fmt"
	"strings"

	"crmkit/query"
	"crmkit/store/engine"
)

// Past says how a list of the past is read (package past): the records that have changed since are left out of the
// table, and those of a subquery, as they were, are read with them.
type Past struct {
	Changed  string                    // the keys of the records that are left out, from KeysJSON
	Table    string                    // the subquery
	Where    func(where string) string // conditions for the table
	OwnWhere func(where string) string // conditions for the subquery
	Source   func(keys string) string  // the SQL of the keys of an index path
	More     int64                     // how many more records of the kind there were
	own      bool                      // the path reads the subquery
}

// ChoosePastPlan is ChoosePlan for a list of the past. The order of keys is only that of the time of creation if
// records that are deleted now do not change it, which nothing says.
func (r *Reader) ChoosePastPlan(ctx context.Context, path Path) (Path, error) {
	q := path.Query
	use, err := r.usage(ctx, path.Actor.Workspace, q.Entity.Plural)
	if err != nil {
		return path, err
	}
	path.rows, path.ByKeys = use.N, q.Order.Field.IsIdentity() && !q.NarrowByKeys
	return r.cheapestSource(ctx, path, int64(q.Limit))
}

// changed returns the path that reads the records which have changed since. A range in the order of the keys of an
// index is one in the order of their own.
func (p Path) changed() Path {
	past := *p.Past
	past.own = true
	return Path{Actor: p.Actor, Query: p.Query, ByKeys: p.ByKeys, Past: &past}
}

// PastKeys is Keys for a list of the past.
func (r *Reader) PastKeys(ctx context.Context, path Path) (keys []int64, err error) {
	changed := path.changed()
	others := changed.Ranges()
	for i, part := range path.Ranges() {
		left := path.Query.Limit + 1 - len(keys)
		if left == 0 {
			break
		}
		args := path.args(part)
		limit := fmt.Sprintf(" LIMIT $%d", len(args)+1)
		columns := make([]string, len(part.Order))
		for i := range columns {
			columns[i] = fmt.Sprintf("o%d", i)
		}
		text := fmt.Sprintf("WITH p(%s) AS MATERIALIZED (SELECT * FROM (%s%s) a UNION ALL SELECT * FROM (%s%s) b) SELECT %s FROM p ORDER BY %s%s",
			strings.Join(columns, ", "), path.KeysSQL(part), limit, changed.KeysSQL(others[i]), limit, columns[len(columns)-1], part.Order.Of(columns), limit)
		err := r.Rows(ctx, text, append(args, left), func(scan func(...any) error) error {
			keys = append(keys, 0)
			return scan(&keys[len(keys)-1])
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// PastTotal is Total for a list of the past.
func (r *Reader) PastTotal(ctx context.Context, path Path, page *Page) error {
	q := path.Query
	page.HasTotal = true
	if q.First() && !page.More {
		page.Total, page.TotalExact = int64(len(page.Records)), true
		return nil
	}
	if q.Unfiltered {
		page.SetTotal(path.rows+path.Past.More, q.Total)
		return nil
	}
	wanted, limit := path.rows, ""
	if q.Total == query.TotalCapped {
		wanted, limit = query.TotalCap, fmt.Sprintf(" LIMIT %d", query.TotalCap+1)
	}
	path, err := r.cheapestSource(ctx, path, wanted)
	if err != nil {
		return err
	}
	whole := query.Range{Where: q.Condition(), Args: q.Args}
	n := int64(0)
	for _, part := range []Path{path, path.changed()} {
		var some int64
		text := "SELECT COUNT(*) FROM (SELECT 1 FROM " + part.keySubquery(whole) + limit + ") x"
		if err := r.RowUntil(ctx, text, part.args(whole), &some); err != nil {
			return err
		}
		n += some
	}
	page.SetTotal(n, q.Total)
	return nil
}

// pastSubquery is keySubquery for a list of the past.
func (p Path) pastSubquery(part query.Range) string {
	e := p.Query.Entity
	if p.Past.own {
		return p.Past.Table + " t WHERE " + engine.NoIndex("t.workspace_id = $1") + " AND " + p.Past.OwnWhere(part.Where)
	}
	from, scope := e.TableName()+" t", "t.workspace_id = $1"
	switch {
	case p.InSortOrder():
		s := p.Index.Sources[0]
		from, scope = engine.JoinInOrder(s.From, from), "t.key = "+s.Key+" AND "+p.Past.Source(s.Where)+" AND "+engine.NoIndex(scope)
	case p.Index != nil:
		scope = engine.NoIndex(scope) + " AND t.key IN (" + p.Past.Source(p.Index.Keys()) + ")"
	case len(part.Order) > 0 && part.Order[0].By == "t.key":
		scope = engine.NoIndex(scope) + p.ownKeys()
	}
	return from + " WHERE " + scope + " AND " + p.Past.Where(part.Where) + " AND " + engine.NoIndex("t.key") + " NOT IN (" + fmt.Sprintf(engine.KeysFromJSON, len(part.Args)+2) + ")"
}
