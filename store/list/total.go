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
	More         bool  // rows remain behind the last
	Truncated    bool  // the page ended before its limit: its rows are large, or need many others
	Total        int64 // rows that match, at most the cap when not Exact
	TotalExact   bool
	HasTotal     bool // false: no total was asked for
	NoExactMatch bool // nothing of the kind has the words of search= as they are written, so they may be misspelled
}

// Scope returns the value of the entity's scope column for the actor.
func Scope(actor crm.Actor, e *crm.Entity) int64 {
	if e.Storage.Scope == "user_id" {
		return actor.User
	}
	return actor.Workspace
}

// Total counts the matches: a first page that is also the last holds them all; else by
// the kept counter where nothing filters, and row by row up to the cap where something
// does.
func (c *Reader) Total(ctx context.Context, w Path, page *Page) error {
	q := w.Query
	page.HasTotal = true
	if q.First() && !page.More {
		page.Total, page.TotalExact = int64(len(page.Records)), true
		return nil
	}
	if w.Hits != nil && len(q.OtherKinds) == 0 && !c.Filtered() {
		page.SetTotal(w.Hits.Total, q.Total)
		return nil
	}
	text, args, err := c.counting(ctx, w)
	if err != nil {
		return err
	}
	count := func() (m cache.Count, err error) { return m, c.RowUntil(ctx, text, args, &m.N) }
	m := cache.Count{}
	if !q.Entity.IsView() {
		m, err = c.Cached.Count(cache.NewKey(w.Actor.Workspace, text, args), count)
	} else {
		m, err = count()
	}
	page.SetTotal(m.N, q.Total)
	return err
}

// SetTotal sets the total of a page to how many rows match, no further than was asked for.
func (p *Page) SetTotal(n int64, asked query.Total) {
	p.Total, p.TotalExact = n, asked == query.TotalExact || n <= query.TotalCap
	if !p.TotalExact {
		p.Total = query.TotalCap
	}
}

// counting returns the statement that counts the matches.
func (c *Reader) counting(ctx context.Context, w Path) (text string, args []any, err error) {
	q := w.Query
	args = []any{Scope(w.Actor, q.Entity)}
	if q.Unfiltered && !q.Entity.IsView() {
		return "SELECT n FROM usage WHERE workspace_id = $1 AND kind = '" + q.Entity.Plural + "'", args, nil
	}
	wanted := int64(query.TotalCap)
	if q.Total == query.TotalExact {
		wanted = w.rows
	}
	if len(q.Where) == 1 && len(q.IndexPaths) == 1 && q.IndexPaths[0].Exact {
		text, args = q.IndexPaths[0].Keys(), append(args, q.Args...)
	} else {
		if w, err = c.cheapestSource(ctx, w, wanted); err != nil {
			return "", nil, err
		}
		whole := query.Range{Where: q.Condition(), Args: q.Args}
		if w.KeyList != "" && !c.Filtered() {
			whole.Where = q.Without().Condition()
		}
		text, args = "SELECT 1 FROM "+w.keySubquery(whole), w.args(whole)
	}
	if q.Total == query.TotalCapped {
		text += fmt.Sprintf(" LIMIT %d", query.TotalCap+1)
	}
	return "SELECT COUNT(*) FROM (" + text + ") x", args, nil
}
