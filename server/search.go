package server

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/render"
)

// The number of records that a search shows of each kind.
const (
	searchLimit    = 5
	maxSearchLimit = 50
)

// hits is what a search found of one kind.
type hits struct {
	group render.Group
	lines []render.Line
	rank  int // of the first
}

// search answers GET /search: every kind that has a search, best first.
func (s *Server) search(rq *request) (*render.Doc, error) {
	text, limit, cut := rq.params.Get("q"), searchLimit, ""
	var fault *crm.Error
	if rq.params.Get("limit") != "" {
		if limit, cut, fault = query.ParseLimit(rq.params.Get("limit"), maxSearchLimit); fault != nil {
			return nil, fault
		}
	}
	if strings.TrimSpace(text) == "" {
		return nil, crm.Errorf(crm.MissingField, "q is what to look for; write /search?q=acme, and types=contacts,deals for some kinds only.").On("q")
	}
	kinds, fault := s.searched(rq.params.Get("types"))
	if fault != nil {
		return nil, fault
	}
	doc := &render.Doc{Page: &render.Page{Noun: "hit", Plural: "hits", Exact: true, Counted: true}}
	var found []hits
	var none []string
	for _, e := range kinds {
		h, err := s.hits(rq, e, text, limit)
		if err != nil {
			return nil, err
		}
		if doc.Page.Total += h.group.Total; !h.group.Exact {
			doc.Page.Exact = false
		}
		if len(h.lines) > 0 {
			found = append(found, h)
		} else {
			none = append(none, e.Plural)
		}
	}
	slices.SortStableFunc(found, func(a, b hits) int { return a.rank - b.rank })
	for _, h := range found {
		doc.Items, doc.Groups = append(doc.Items, h.lines...), append(doc.Groups, h.group)
	}
	if cut != "" {
		doc.Remarks = append(doc.Remarks, cutRemark(cut, limit)+" of each kind")
	}
	if len(none) > 0 {
		doc.Remarks = append(doc.Remarks, "nothing in "+strings.Join(none, ", "))
	}
	if len(found) == 0 {
		doc.Remarks = append(doc.Remarks, "a search finds parts of words, not misspellings: try fewer letters")
	}
	return doc, nil
}

// searched returns the kinds that a search goes through: those named, else all.
func (s *Server) searched(types string) (kinds []*crm.Entity, fault *crm.Error) {
	var names []string
	all := []*crm.Entity{}
	for _, e := range s.schema.Entities {
		if e.Counted() && len(e.Search) > 0 && len(e.OneOf) == 0 {
			all, names = append(all, e), append(names, e.Plural)
		}
	}
	if strings.TrimSpace(types) == "" {
		return all, nil
	}
	for _, word := range strings.Split(types, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		at := slices.IndexFunc(all, func(e *crm.Entity) bool { return e.Plural == word || e.Name == word })
		if at < 0 {
			return nil, crm.Errorf(crm.InvalidValue, "types cannot hold %s; it takes %s, several with commas.", crm.Show(word), strings.Join(names, ", ")).On("types").Of(word, names)
		}
		if !slices.Contains(kinds, all[at]) {
			kinds = append(kinds, all[at])
		}
	}
	return kinds, nil
}

// hits looks through one kind.
func (s *Server) hits(rq *request, e *crm.Entity, text string, limit int) (h hits, err error) {
	q, fault := query.Find(e, text, rq.env)
	if fault != nil {
		return h, fault
	}
	q.Limit = limit
	page, err := s.store.List(rq.Context(), rq.actor, q.Question)
	if err != nil {
		return h, err
	}
	h = hits{group: render.Group{Kind: e.Plural, Shown: len(page.Records), Total: page.Total, Exact: page.Exact}}
	for i, rec := range page.Records {
		if h.lines = append(h.lines, render.Record(rec, nil)); i == 0 {
			h.rank = q.Rank(rec)
		}
	}
	if page.More {
		h.group.All = "/" + e.Route() + "?" + url.Values{"search": {strings.TrimSpace(text)}}.Encode()
	}
	return h, nil
}
