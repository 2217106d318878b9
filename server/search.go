package server

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/render"
	"crmkit/server/web"
)

// How many records of each kind a search shows.
const (
	searchLimit    = 5
	maxSearchLimit = 50
)

// searchRun is one search on its way.
type searchRun struct {
	s     *Server
	rq    *web.Request
	text  string
	limit int // records of each kind
}

// searchGroup is what a search found of one kind.
type searchGroup struct {
	group render.Group
	lines []render.Item
	rank  int // of the first line

	terms   *query.Terms
	noExact bool // no record of the kind has the words as they are written
}

// search answers GET /search: the records of every kind that has a search, the kind with
// the best match first.
func (s *Server) search(rq *web.Request) (*render.Response, error) {
	text, limit, cut := rq.Params.Get("q"), searchLimit, ""
	var fault *crm.Error
	if rq.Params.Get("limit") != "" {
		if limit, cut, fault = query.ParseLimit(rq.Params.Get("limit"), maxSearchLimit); fault != nil {
			return nil, fault
		}
	}
	if strings.TrimSpace(text) == "" {
		return nil, crm.Errorf(crm.MissingField, "q is what to look for; write /search?q=acme, and types=contacts,deals for some kinds only.").On("q")
	}
	kinds, fault := s.searched(rq.Params.Get("types"))
	if fault != nil {
		return nil, fault
	}
	doc := &render.Response{Page: &render.Page{Noun: "hit", Plural: "hits", Exact: true, Counted: true}}
	found, spelled, err := searchRun{s, rq, text, limit}.find(kinds)
	if err != nil {
		return nil, err
	}
	var none []string
	for i, h := range found {
		if doc.Page.Total += h.group.Total; !h.group.Exact {
			doc.Page.Exact = false
		}
		if len(h.lines) == 0 {
			none = append(none, kinds[i].Plural)
		}
	}
	found = slices.DeleteFunc(found, func(h searchGroup) bool { return len(h.lines) == 0 })
	slices.SortStableFunc(found, func(a, b searchGroup) int { return a.rank - b.rank })
	for _, h := range found {
		doc.Items, doc.Groups = append(doc.Items, h.lines...), append(doc.Groups, h.group)
	}
	doc.Remarks = append(doc.Remarks, spelledRemarks(spelled)...)
	if cut != "" {
		doc.Remarks = append(doc.Remarks, cutRemark(cut, limit)+" of each kind")
	}
	if len(none) > 0 {
		doc.Remarks = append(doc.Remarks, "nothing in "+strings.Join(none, ", "))
	}
	if len(found) == 0 {
		finds, err := s.finds(rq, kinds...)
		if err != nil {
			return nil, err
		}
		doc.Remarks = append(doc.Remarks, "a search "+finds)
	}
	return doc, nil
}

// searched returns the kinds to search: those that types names, else all.
func (s *Server) searched(types string) (kinds []*crm.Entity, fault *crm.Error) {
	var names []string
	all := []*crm.Entity{}
	for _, e := range s.schema.Entities {
		if e.PlanLimited() && len(e.Search) > 0 && !e.IsLink() {
			all, names = append(all, e), append(names, e.Plural)
		}
	}
	if strings.TrimSpace(types) == "" {
		return all, nil
	}
	words := strings.SplitN(types, ",", crm.MaxItems+1)
	if len(words) > crm.MaxItems {
		return nil, crm.TooMany("types", crm.MaxItems, "kinds", "It takes "+strings.Join(names, ", ")+".")
	}
	for _, word := range words {
		word = strings.ToLower(strings.TrimSpace(word))
		at := slices.IndexFunc(all, func(e *crm.Entity) bool { return e.Plural == word || e.Name == word })
		if at < 0 {
			return nil, crm.Errorf(crm.InvalidValue, "types cannot hold %s; it takes %s, several with commas.", norm.Quote(word), strings.Join(names, ", ")).On("types").Of(word, names)
		}
		if !slices.Contains(kinds, all[at]) {
			kinds = append(kinds, all[at])
		}
	}
	return kinds, nil
}

// find searches the kinds. If none has the words as they are written, it searches words
// that are spelled like them, and returns those by word.
func (r searchRun) find(kinds []*crm.Entity) (found []searchGroup, spelled map[string][]string, err error) {
	noExact := true
	for _, e := range kinds {
		group, err := r.group(e, r.rq.Env)
		if err != nil {
			return nil, nil, err
		}
		found, noExact = append(found, group), noExact && group.noExact
	}
	if !noExact {
		return found, nil, nil
	}
	spelled = map[string][]string{}
	for i, e := range kinds {
		env := r.rq.Env
		if env.Fuzzy, err = r.s.store.Suggest(r.rq.Context(), r.rq.Actor, e, found[i].terms); err == nil && env.Fuzzy != nil {
			found[i], err = r.group(e, env)
		}
		if err != nil {
			return nil, nil, err
		}
		if len(found[i].lines) > 0 {
			for word, instead := range env.Fuzzy {
				spelled[word] = append(spelled[word], instead...)
			}
		}
	}
	return found, spelled, nil
}

// spelledRemarks say which words were searched in place of others.
func spelledRemarks(spelled map[string][]string) (remarks []string) {
	for _, word := range slices.Sorted(maps.Keys(spelled)) {
		instead := slices.Compact(slices.Sorted(slices.Values(spelled[word])))
		for i := range instead {
			instead[i] = norm.Quote(instead[i])
		}
		remarks = append(remarks, "no match for "+norm.Quote(word)+" as written; searched for "+strings.Join(instead, ", ")+" instead")
	}
	return remarks
}

// group searches one kind.
func (r searchRun) group(e *crm.Entity, env query.Env) (found searchGroup, err error) {
	q, fault := query.Find(e, r.text, env)
	if fault != nil {
		return found, fault
	}
	q.Limit = r.limit
	page, err := r.s.store.Search(r.rq.Context(), r.rq.Actor, q)
	if err != nil {
		return found, err
	}
	found = searchGroup{group: render.Group{Kind: e.Plural, Shown: len(page.Records), Total: page.Total, Exact: page.TotalExact}, terms: q.Terms, noExact: page.NoExactMatch}
	for i, rec := range page.Records {
		if found.lines = append(found.lines, render.Record(rec, nil)); i == 0 {
			found.rank = q.Rank(rec)
		}
	}
	if page.More {
		found.group.All = "/" + e.Route() + "?" + url.Values{"search": {strings.TrimSpace(r.text)}}.Encode()
	}
	return found, nil
}
