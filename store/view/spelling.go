package view

import (
	"crmkit/crm"
	"crmkit/query"
	"crmkit/store/engine"
	"crmkit/store/list"
	"crmkit/store/spelling"
	"crmkit/store/textindex"
	"crmkit/store/words"
)

// KeepsWords reports whether words of records are kept, without which searches find no
// misspelled words: with the text index in memory or, in a shared database, in a table.
func (s *Reads) KeepsWords() bool { return s.keepsText || s.db.Shared() }

// FuzzySupport says whether searches of a kind find misspelled words.
type FuzzySupport = textindex.FuzzySupport

// They do; they will soon; they do not, for lack of memory.
const (
	FuzzyReady = textindex.FuzzyReady
	FuzzySoon  = textindex.FuzzySoon
	FuzzyOff   = textindex.FuzzyOff
)

// SupportsFuzzy returns whether searches of a kind find misspelled words.
func (v *View) SupportsFuzzy(e *crm.Entity) (FuzzySupport, error) {
	if v.reads.db.Shared() {
		return FuzzyReady, nil
	}
	err := v.Prepare(e, nil)
	if err == nil {
		err = v.begin(e)
	}
	if err != nil || v.texts == nil {
		return FuzzyOff, err
	}
	return v.texts.Fuzzy(e), nil
}

// Suggest returns other spellings for the words of a search that found nothing, from words
// of records: the nearest, then the most frequent first. Nil: nothing is similar, or no words are
// kept.
func (v *View) Suggest(e *crm.Entity, terms *query.Terms) (map[string][]string, error) {
	err := v.Prepare(e, nil)
	if err == nil {
		err = v.begin(e)
	}
	switch {
	case err != nil:
		return nil, err
	case v.reads.db.Shared():
		return v.suggestFromTable(e, terms)
	case v.texts == nil:
		return nil, nil
	}
	return v.texts.Suggest(v.ctx, e, terms)
}

// suggestFromTable is Suggest with the table of words.
func (v *View) suggestFromTable(e *crm.Entity, terms *query.Terms) (map[string][]string, error) {
	search := spelling.NewSearch(e, terms)
	if search == nil {
		return nil, nil
	}
	err := search.FindUnknown(func(text string) (bool, error) { return v.noRecordHas(e, query.ExactTerms(text).Words) })
	if err == nil {
		err = words.Compare(v.ctx, v.rows, v.actor.Workspace, search)
	}
	if err != nil {
		return nil, err
	}
	return search.Suggestions(), nil
}

// noRecordHas reports whether no record of a kind has some words. Like the text index it looks at the
// rows of unfinished deletes too, which do not end the search for words that readers see.
func (v *View) noRecordHas(e *crm.Entity, words []query.Word) (bool, error) {
	text, indexed, args := query.HasWords(e, words)
	if v.reads.db.FindsParts() {
		text = indexed
	}
	var one int64
	found, err := engine.Found(v.rows.RowUntil(v.ctx, text, append([]any{v.actor.Workspace}, args...), &one))
	return err == nil && !found, err
}

// setNoExactMatch sets NoExactMatch of a page that was read without a text index, if words are kept
// elsewhere.
func (v *View) setNoExactMatch(q *query.Query, page *list.Page) (err error) {
	if !v.reads.db.Shared() || len(page.Records) > 0 || q.Terms == nil || len(q.Terms.Words) == 0 {
		return nil
	}
	onlyWords := len(q.OtherKinds) == 0 && len(q.Terms.Likes) == 0
	if q.Ranked() || onlyWords && q.First() && !v.records.Filtered() {
		page.NoExactMatch = true
		return nil
	}
	page.NoExactMatch, err = v.noRecordHas(q.Entity, q.Terms.Words)
	return err
}
