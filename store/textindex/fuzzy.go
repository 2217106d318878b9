package textindex

import (
	"context"
	"slices"

	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/spelling"
)

// FuzzySupport says whether searches of a kind find misspelled words.
type FuzzySupport int

// Searches find them; they will when the index, which is being filled, is ready; they do not,
// because the text is larger than the memory for it.
const (
	FuzzyReady FuzzySupport = iota
	FuzzySoon
	FuzzyOff
)

// Fuzzy returns whether searches of a kind find misspelled words.
func (n *Snapshot) Fuzzy(e *crm.Entity) FuzzySupport {
	if n.indexesFor(e, nil) != nil {
		return FuzzyReady
	}
	for _, kind := range n.set.fields[e].needed(nil) {
		if n.set.State(Key{n.workspace, kind}) == Filling {
			return FuzzySoon
		}
	}
	return FuzzyOff
}

// Suggest returns other spellings for the words of a search that found no record, by the rule of
// package spelling. It returns nil if there are no other spellings, or if an index is not available.
func (n *Snapshot) Suggest(ctx context.Context, e *crm.Entity, terms *query.Terms) (map[string][]string, error) {
	indexes := n.indexesFor(e, nil)
	if indexes == nil {
		return nil, nil
	}
	search := spelling.NewSearch(e, terms)
	if search == nil {
		return nil, nil
	}
	err := search.FindUnknown(func(text string) (bool, error) { return n.noMatch(ctx, e, query.ExactTerms(text)) })
	if err != nil {
		return nil, err
	}
	for _, kind := range search.Kinds() {
		at := slices.IndexFunc(indexes, func(is indexState) bool { return is.key.Entity == kind })
		indexes[at].eachTerm(func(word string, count spelling.Count) { search.Compare(kind, word, count) })
	}
	return search.Suggestions(), nil
}
