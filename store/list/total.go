package list

import (
	"context"
	"fmt"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/cache"
)

// Page is one page of a list.
type Page struct {
	Records      []crm.Record
	More         bool  // rows remain after the last
	Truncated    bool  // the page ended before its limit: its rows are large, or need many others
	Total        int64 // matching rows; query.TotalCap if there are more and TotalExact is false
	TotalExact   bool
	HasTotal     bool // false: no total was asked for
	NoExactMatch bool // no record of the kind has the words of search= as they are written, so they may be misspelled
}

// Scope returns the value of the entity's scope column for the actor: the key of the user for
// entities of a user, else the key of the workspace. It is the argument $1 of every statement
// of a list.
func Scope(actor crm.Actor, e *crm.Entity) int64 {
	if e.Storage.Scope == "user_id" {
		return actor.User
	}
	return actor.Workspace
}

// Total sets the total of a page that was read: the number of its records if it is the only
// page, else the number of matches in the text index, else a count. A list without conditions
// reads the counter of its kind. Any other counts rows, up to the cap unless the query asks for
// the exact total. Counts of records are cached until the workspace changes.
func (r *Reader) Total(ctx context.Context, path Path, page *Page) error {
	q := path.Query
	page.HasTotal = true
	if q.First() && !page.More {
		page.Total, page.TotalExact = int64(len(page.Records)), true
		return nil
	}
	if path.Hits != nil && len(q.OtherKinds) == 0 && !r.Filtered() {
		page.SetTotal(path.Hits.Total, q.Total)
		return nil
	}
	if path.Many != "" && len(q.OtherKinds) == 0 && q.Total == query.TotalCapped {
		page.SetTotal(query.TotalCap+1, q.Total)
		return nil
	}
	if r.Usage != nil && !r.Filtered() && q.Unfiltered && !q.Entity.IsView() {
		page.SetTotal(r.Usage[q.Entity.Plural].N, q.Total)
		return nil
	}
	text, args, err := r.counting(ctx, path)
	if err != nil {
		return err
	}
	count := func() (m cache.Count, err error) { return m, r.RowUntil(ctx, text, args, &m.N) }
	m := cache.Count{}
	if !q.Entity.IsView() {
		m, err = r.Cached.Count(cache.NewKey(path.Actor.Workspace, text, args), count)
	} else {
		m, err = count()
	}
	page.SetTotal(m.N, q.Total)
	return err
}

// SetTotal sets the total of a page to the number of matching rows, or to the cap if there are
// more and the exact total was not asked for.
func (p *Page) SetTotal(n int64, asked query.Total) {
	p.Total, p.TotalExact = n, asked == query.TotalExact || n <= query.TotalCap
	if !p.TotalExact {
		p.Total = query.TotalCap
	}
}

// counting returns the statement that counts the matches, and its arguments.
func (r *Reader) counting(ctx context.Context, path Path) (text string, args []any, err error) {
	q := path.Query
	args = []any{Scope(path.Actor, q.Entity)}
	if q.Unfiltered && !q.Entity.IsView() {
		return "SELECT n FROM usage WHERE workspace_id = $1 AND kind = '" + q.Entity.Plural + "'", args, nil
	}
	wanted := int64(query.TotalCap)
	if q.Total == query.TotalExact {
		wanted = path.rows
	}
	if len(q.Where) == 1 && len(q.IndexPaths) == 1 && q.IndexPaths[0].Exact {
		text, args = q.IndexPaths[0].Keys(), append(args, q.Args...)
	} else {
		if path, err = r.cheapestSource(ctx, path, wanted); err != nil {
			return "", nil, err
		}
		path.byMany = path.Many != "" && path.Index == nil
		whole := query.Range{Where: q.Condition(), Args: q.Args}
		if (path.KeyList != "" || path.byMany) && !r.Filtered() {
			whole.Where = q.Without().Condition()
		}
		text, args = "SELECT 1 FROM "+path.keySubquery(whole), path.args(whole)
		if path.byMany && len(q.OtherKinds) == 0 {
			text = path.Many
		}
	}
	if q.Total == query.TotalCapped {
		text += fmt.Sprintf(" LIMIT %d", query.TotalCap+1)
	}
	return "SELECT COUNT(*) FROM (" + text + ") x", args, nil
}
