package list

import (
	"context"
	"fmt"
	"slices"

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
		rows := ""
		if path, rows, args, err = r.matching(ctx, path, wanted); err != nil {
			return "", nil, err
		}
		if text = "SELECT 1 FROM " + rows; path.byMany && len(q.OtherKinds) == 0 {
			text = path.Many
		}
	}
	if q.Total == query.TotalCapped {
		text += fmt.Sprintf(" LIMIT %d", query.TotalCap+1)
	}
	return "SELECT COUNT(*) FROM (" + text + ") x", args, nil
}

// matching returns the SQL after FROM of the rows that match, with its arguments, for a statement that wants
// about so many of them, and the path by which it finds them.
func (r *Reader) matching(ctx context.Context, path Path, wanted int64) (_ Path, text string, args []any, err error) {
	if path, err = r.cheapestSource(ctx, path, wanted); err != nil {
		return path, "", nil, err
	}
	q := path.Query
	path.byMany = path.Many != "" && path.Index == nil
	whole := query.Range{Where: q.Condition(), Args: q.Args}
	if (path.KeyList != "" || path.byMany) && !r.Filtered() {
		whole.Where = q.Without().Condition()
	}
	return path, path.keySubquery(whole), path.args(whole), nil
}

// Rows are the records that match a question, as SQL that follows FROM: each has the alias t, and each text
// other records, with the same arguments. The first argument is the scope.
type Rows struct {
	Texts []string
	Args  []any
}

// Matching returns all records that match, for a statement that reads each of them.
func (r *Reader) Matching(ctx context.Context, path Path) (Rows, error) {
	if r.Usage != nil {
		path.Query = withoutOwnIndexes(path.Query)
	}
	path, text, args, err := r.matching(ctx, path, path.rows)
	if err != nil || path.Past == nil {
		return Rows{[]string{text}, args}, err
	}
	whole := query.Range{Where: path.Query.Condition(), Args: path.Query.Args}
	return Rows{[]string{text, path.changed().keySubquery(whole)}, args}, nil
}

// withoutOwnIndexes returns a query without the index paths that are indexes of the records themselves. PostgreSQL
// knows how many records have a value, and reads such an index or all records; with the path it would read their table twice.
func withoutOwnIndexes(q *query.Query) *query.Query {
	less := *q
	less.IndexPaths = slices.DeleteFunc(slices.Clone(q.IndexPaths), func(p query.IndexPath) bool {
		return slices.ContainsFunc(p.Sources, func(s query.KeySource) bool { return s.From == q.Entity.TableName()+" g" })
	})
	return &less
}
