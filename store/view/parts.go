package view

import (
	"fmt"

	"crmkit/query"
	"crmkit/store/list"
	"crmkit/store/textindex"
)

// hits returns the records that match the words of a question: from the text index in memory, or by the
// indexes of a shared database that finds parts of texts. There may be more than query.TotalCap of
// them; many is then the SQL of their keys, and hits is nil. Both are empty where SQL must test record
// by record, because there is no index, or each word is too short for it.
func (v *View) hits(r *list.Reader, q *query.Query) (hits *list.Hits, many string, err error) {
	if !v.reads.db.Shared() {
		matches, err := v.searchIndex(q.Entity, q.Terms)
		return hitsOf(matches), "", err
	}
	if v.usage[q.Entity.Plural].N == 0 {
		hits = &list.Hits{KeyList: func() string { return "[]" }}
	} else if hits, many, err = v.readHits(r, q); err != nil || hits == nil {
		return nil, many, err
	}
	if hits.Total > 0 || len(q.Terms.Words) == 0 {
		return hits, "", nil
	}
	if hits.NoExactMatch = true; len(q.Terms.Likes) > 0 || r.Filtered() {
		hits.NoExactMatch, err = v.noRecordHas(q.Entity, q.Terms.Words)
	}
	return hits, "", err
}

// hitsOf returns the matches of the text index as hits; nil for nil.
func hitsOf(m *textindex.Matches) *list.Hits {
	if m == nil {
		return nil
	}
	return &list.Hits{Total: m.Total, NoExactMatch: m.NoExactMatch, KeyList: func() string { return list.KeysJSON(m.Keys()) }}
}

// readHits reads the keys of the records that match the words of a question.
func (v *View) readHits(r *list.Reader, q *query.Query) (hits *list.Hits, many string, err error) {
	keys := q.KeysSQL()
	if keys == "" || !v.reads.db.FindsParts() {
		return nil, "", nil
	}
	var n int64
	var texts string
	text := fmt.Sprintf("SELECT COUNT(*), COALESCE(STRING_AGG(CAST(key AS TEXT), ','), '') FROM (SELECT key FROM (%s) f LIMIT %d) x", keys, query.TotalCap+1)
	if err := r.RowUntil(v.ctx, text, append([]any{v.actor.Workspace}, q.Args...), &n, &texts); err != nil {
		return nil, "", err
	}
	if n > query.TotalCap {
		return nil, keys, nil
	}
	return &list.Hits{Total: n, KeyList: func() string { return "[" + texts + "]" }}, "", nil
}

// searchParts is Search without a text index in memory.
func (v *View) searchParts(r *list.Reader, q *query.Search) (page list.Page, err error) {
	if !v.reads.db.Shared() {
		return v.List(q.Query)
	}
	hits, many, err := v.hits(r, q.Query)
	if err != nil {
		return page, err
	}
	if hits == nil && many == "" {
		return v.List(q.Query)
	}
	path := list.Path{Actor: v.actor, Query: q.Query, Hits: hits, Many: many}
	if path.MatchesNothing() {
		return list.Page{TotalExact: true, HasTotal: true, NoExactMatch: true}, nil
	}
	if hits != nil {
		path.KeyList = hits.KeyList()
	}
	if err = r.Page(v.ctx, v.reads.tables[q.Entity], path, &page); err == nil {
		err = r.Total(v.ctx, path, &page)
	}
	return page, err
}
