package server

import (
	"net/url"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/query/param"
	"crmkit/render"
	"crmkit/server/listing"
	"crmkit/server/web"
	"crmkit/store"
)

// How many records of each kind a search shows. A search is for finding a record; the list of
// one kind has pages.
const (
	searchLimit    = 5
	maxSearchLimit = 50
)

// search answers GET /search with groups of records, one for each kind that has a search, the
// kind with the best match first. Each group has its total, and the path that lists all of it.
//
// Errors: missing_field without q, invalid_value for another parameter or a search that is too
// long.
func (s *Server) search(rq *web.Request) (*render.Response, error) {
	text, limit, cut := rq.Params.Get("q"), searchLimit, ""
	var fault *crm.Error
	if rq.Params.Get("limit") != "" {
		if limit, cut, fault = param.Limit(rq.Params.Get("limit"), maxSearchLimit); fault != nil {
			return nil, fault
		}
	}
	if strings.TrimSpace(text) == "" {
		return nil, crm.Errorf(crm.MissingField, "q= is missing: write /search?q=acme. To search some kinds only, add types=contacts,deals.").On("q")
	}
	kinds, fault := s.searched(rq.Params.Get("types"))
	if fault != nil {
		return nil, fault
	}
	run := &searchRun{kinds: kinds, text: text, limit: limit, cut: cut}
	var doc *render.Response
	err := s.store.View(rq.Context(), rq.Actor, func(v *store.View) (err error) {
		doc, err = s.searchIn(v, rq.Env, run)
		return err
	})
	return doc, err
}

// searchRun has the parameters of a search.
type searchRun struct {
	kinds []*crm.Entity
	text  string
	limit int    // records of each kind
	cut   string // the limit that was asked for, if it is more
}

// searchIn answers a search from one view, so that the kinds agree.
func (s *Server) searchIn(v *store.View, env query.Env, run *searchRun) (*render.Response, error) {
	found, spellings, err := run.find(v, env)
	if err != nil {
		return nil, err
	}
	doc := &render.Response{Page: &render.Page{Noun: "hit", Plural: "hits", Exact: true, Counted: true}}
	var none []string
	for _, h := range found {
		doc.Page.Total += h.page.Total
		doc.Page.Exact = doc.Page.Exact && h.page.TotalExact
		if len(h.page.Records) == 0 {
			none = append(none, h.entity.Plural)
		}
	}
	// The order of the schema decides among kinds that match equally well.
	found = slices.DeleteFunc(found, func(h *spellingSearch) bool { return len(h.page.Records) == 0 })
	slices.SortStableFunc(found, func(a, b *spellingSearch) int { return a.rank - b.rank })
	for _, h := range found {
		for _, rec := range h.page.Records {
			doc.Items = append(doc.Items, render.Record(rec, nil))
		}
		doc.Groups = append(doc.Groups, run.group(h))
	}
	doc.Remarks = append(doc.Remarks, spellingRemarks(spellings)...)
	if run.cut != "" {
		doc.Remarks = append(doc.Remarks, listing.CutRemark(run.cut, run.limit)+" of each kind")
	}
	// Without this line an agent would list each kind that is missing to be sure.
	if len(none) > 0 {
		doc.Remarks = append(doc.Remarks, "no matches in "+strings.Join(none, ", "))
	}
	if len(found) == 0 {
		finds, err := s.finds(v, run.kinds...)
		if err != nil {
			return nil, err
		}
		doc.Remarks = append(doc.Remarks, "a search "+finds)
	}
	return doc, nil
}

// find searches the kinds. It loads the text of all of them first: after its first read a view
// uses only the text that is loaded.
func (r *searchRun) find(v *store.View, env query.Env) (found []*spellingSearch, spellings map[string][]string, err error) {
	for _, e := range r.kinds {
		if err := v.Prepare(e, nil); err != nil {
			return nil, nil, err
		}
		found = append(found, &spellingSearch{entity: e, read: func(to *spellingSearch, env query.Env) error { return r.read(v, to, env) }})
	}
	spellings, err = searchWithSpellings(v, env, found)
	return found, spellings, err
}

// read searches one kind, and notes how well its best record matches.
func (r *searchRun) read(v *store.View, to *spellingSearch, env query.Env) (err error) {
	q, fault := query.Find(to.entity, r.text, env)
	if fault != nil {
		return fault
	}
	q.Limit, to.terms = r.limit, q.Terms
	if to.page, err = v.Search(q); err == nil && len(to.page.Records) > 0 {
		to.rank = q.Rank(to.page.Records[0])
	}
	return err
}

// group returns the summary of one kind.
func (r *searchRun) group(found *spellingSearch) render.Group {
	e, page := found.entity, found.page
	return render.Group{Kind: e.Plural, Shown: len(page.Records), Total: page.Total, Exact: page.TotalExact,
		All: "/" + e.Route() + "?" + url.Values{"search": {strings.TrimSpace(r.text)}}.Encode()}
}

// searched returns the kinds to search: those that types names, by their plural or singular,
// else all that people look for by words. Links and the log are not among them.
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
		return nil, crm.TooMany("types", crm.MaxItems, "kinds", "It accepts "+strings.Join(names, ", ")+".")
	}
	for _, word := range words {
		word = strings.ToLower(strings.TrimSpace(word))
		at := slices.IndexFunc(all, func(e *crm.Entity) bool { return e.Plural == word || e.Name == word })
		if at < 0 {
			return nil, crm.Errorf(crm.InvalidValue, "%s cannot be searched; types= accepts %s, separated by commas.", norm.Quote(word), strings.Join(names, ", ")).On("types").Of(word, names)
		}
		if !slices.Contains(kinds, all[at]) {
			kinds = append(kinds, all[at])
		}
	}
	return kinds, nil
}
