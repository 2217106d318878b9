package view

import (
	"context"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/table"
	"crmkit/store/textindex"
)

// searchIndex searches the text in memory; nil where SQL must answer.
func (v *View) searchIndex(e *crm.Entity, terms *query.Terms) (*textindex.Matches, error) {
	if v.texts == nil {
		return nil, nil
	}
	return v.texts.Search(v.ctx, e, terms)
}

// Search answers a search of one kind: the first records by rank, those of equal rank by
// their latest change, and how many there are.
func (v *View) Search(q *query.Search) (page list.Page, err error) {
	if err := v.Prepare(q.Entity, q.Terms); err != nil {
		return page, err
	}
	read, err := v.reader(q.Entity)
	if err != nil {
		return page, err
	}
	matches, err := v.searchIndex(q.Entity, q.Terms)
	if err != nil {
		return page, err
	}
	if matches == nil {
		return v.searchParts(read, q)
	}
	r := ranking{read, v.reads.tables[q.Entity], list.Path{Actor: v.actor, Query: q.Query}, q, matches}
	return page, r.read(v.ctx, &page)
}

// ranking answers a search from the matches of the index.
type ranking struct {
	*list.Reader
	table *table.Table
	path  list.Path
	q     *query.Search
	found *textindex.Matches
}

func (r ranking) read(ctx context.Context, page *list.Page) error {
	named, err := r.exactNames(ctx)
	if err != nil {
		return err
	}
	for key := range named {
		r.found.Add(key)
	}
	if r.Filtered() { // the index has records that readers no longer see
		return r.readVeiled(ctx, page)
	}
	matches := r.found
	*page = list.Page{HasTotal: true, NoExactMatch: matches.Total == 0}
	if page.SetTotal(matches.Total, r.q.Total); page.NoExactMatch {
		return nil
	}
	r.path.KeyList = list.KeysJSON(matches.Top(r.q.Limit, func(key int64, label []byte) int {
		if named[key] {
			return query.RankExactName
		}
		return r.q.RankLabel(string(label))
	}))
	keys, err := r.Keys(ctx, r.path)
	if err != nil {
		return err
	}
	loaded, err := r.LoadPage(ctx, r.table, r.path, keys)
	page.Records, page.Truncated = loaded.Records, loaded.Truncated
	page.More = matches.Total > int64(len(page.Records))
	return err
}

// exactNames returns the records that the text of the search names exactly.
func (r ranking) exactNames(ctx context.Context) (map[int64]bool, error) {
	text := r.q.ExactNameSQL()
	if text == "" {
		return nil, nil
	}
	named := map[int64]bool{}
	return named, r.Rows(ctx, text, append([]any{r.path.Actor.Workspace}, r.q.Args...), func(scan func(...any) error) error {
		var key int64
		err := scan(&key)
		named[key] = true
		return err
	})
}

// readVeiled answers where the index finds more than readers see: SQL tests its matches
// once more.
func (r ranking) readVeiled(ctx context.Context, page *list.Page) error {
	path, err := r.ChoosePlan(ctx, r.path.Actor, r.path.Query, hitsOf(r.found))
	if err == nil {
		err = r.Page(ctx, r.table, path, page)
	}
	if err == nil {
		err = r.Total(ctx, path, page)
		page.NoExactMatch = page.Total == 0
	}
	return err
}
