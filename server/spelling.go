package server

import (
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
	"crmkit/store"
	"crmkit/store/list"
)

// spellingSearch is a search of one kind that may be run again by other spellings.
type spellingSearch struct {
	entity *crm.Entity
	read   func(*spellingSearch, query.Env) error // sets the fields below

	terms *query.Terms
	page  list.Page
	rank  int // of the first record, in a search that ranks
}

// searchWithSpellings runs searches. If no kind has the words as they are written, it runs each
// again with words of the text index that are spelled like them, and returns the ones that
// found something, by the word they replace. One kind with an exact match is enough to stop:
// similar words of other kinds would only distract from it.
func searchWithSpellings(v *store.View, env query.Env, searches []*spellingSearch) (spellings map[string][]string, err error) {
	for _, s := range searches {
		if err := s.read(s, env); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(searches, func(s *spellingSearch) bool { return !s.page.NoExactMatch }) {
		return nil, nil
	}
	for _, s := range searches {
		if env.Fuzzy, err = v.Suggest(s.entity, s.terms); err != nil {
			return nil, err
		}
		if env.Fuzzy == nil {
			continue
		}
		if err := s.read(s, env); err != nil {
			return nil, err
		}
		if !s.page.NoExactMatch {
			spellings = addSpellings(spellings, env.Fuzzy)
		}
	}
	return spellings, nil
}

// addSpellings adds spellings to those of other kinds. A word may have other neighbours in each.
func addSpellings(all, more map[string][]string) map[string][]string {
	if all == nil {
		all = map[string][]string{}
	}
	for word, instead := range more {
		all[word] = append(all[word], instead...)
	}
	return all
}

// spellingRemarks say which words were searched instead of others, so that no reader takes a
// similar name for the one that was asked for.
func spellingRemarks(spellings map[string][]string) (remarks []string) {
	for _, word := range slices.Sorted(maps.Keys(spellings)) {
		instead := slices.Compact(slices.Sorted(slices.Values(spellings[word])))
		for i := range instead {
			instead[i] = norm.Quote(instead[i])
		}
		remarks = append(remarks, "no match for "+norm.Quote(word)+" as written; searched for "+strings.Join(instead, ", ")+" instead")
	}
	return remarks
}
