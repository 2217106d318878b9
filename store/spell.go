package store

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// maxSpellings is how many words of records stand in for a misspelled one, maxParts how
// many words, or parts of such as addresses, a search may have to be looked at.
const (
	maxSpellings = 8
	maxParts     = 10
)

// KeepsText reports whether text that is searched is kept in memory, without which searches
// find no misspelled words.
func (s *Store) KeepsText() bool { return s.opts.Caches.Search > 0 }

// FuzzySupport says whether searches of a kind find misspelled words.
type FuzzySupport int

// They do; they will once the text is read into memory, which is under way; they do not,
// because it is more than the memory for it.
const (
	FuzzyReady FuzzySupport = iota
	FuzzySoon
	FuzzyOff
)

// SupportsFuzzy returns whether searches of a kind find misspelled words.
func (s *Store) SupportsFuzzy(ctx context.Context, actor crm.Actor, e *crm.Entity) (FuzzySupport, error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return FuzzyOff, err
	}
	defer end()
	kinds := []*crm.Entity{e}
	for _, f := range s.indexes.layouts[e].Refs {
		kinds = append(kinds, e.Target(f))
	}
	for _, kind := range kinds {
		if s.indexes.filling(indexKey{actor.Workspace, kind}) {
			return FuzzySoon, nil
		}
	}
	mirrors, err := s.indexesFor(ctx, actor, e, nil)
	if mirrors == nil {
		return FuzzyOff, err
	}
	return FuzzyReady, err
}

// Suggest returns for words of a search, of which nothing was found, those that
// records have and that differ from them in a letter or two: the nearest, most
// frequent first. It looks at words that stand nowhere as they are written or, if there
// are none, at all of them. Nil: there are none, or too much text to look through.
func (s *Store) Suggest(ctx context.Context, actor crm.Actor, e *crm.Entity, sought *query.Terms) (map[string][]string, error) {
	ctx, end, err := s.turn(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer end()
	mirrors, err := s.indexesFor(ctx, actor, e, nil)
	if err != nil || mirrors == nil {
		return nil, err
	}
	var all, missing []*fuzzyQuery
	for _, w := range sought.Words {
		for _, part := range parts(w.Variants[0].Fold) {
			all = append(all, &fuzzyQuery{word: w.Text, part: part})
		}
	}
	if len(all) > maxParts {
		return nil, nil
	}
	for _, g := range all {
		nowhere := len(all) == 1 // as was seen before
		if !nowhere {
			if nowhere, err = s.noMatch(ctx, actor, e, query.ExactTerms(g.part)); err != nil {
				return nil, err
			}
		}
		if nowhere {
			missing = append(missing, g)
		}
	}
	guesses := missing
	if len(missing) == 0 {
		guesses = all
	}
	for _, g := range guesses {
		g.begin(len(missing) == 0)
	}
	compareAll(guesses, mirrors)
	return withSpellings(sought, all), nil
}

// fuzzyQuery finds what a part of a word may have been meant to be.
type fuzzyQuery struct {
	word, part string
	spelling   *norm.FuzzyMatcher // nil: it is taken as it is
	tooMany    bool               // it may also be meant as it is
	least      int
	found      map[string]int // how often, those that differ least
}

func (g *fuzzyQuery) begin(too bool) {
	g.spelling, g.tooMany, g.found = norm.NewFuzzyMatcher(g.part), too, map[string]int{}
	if g.spelling != nil {
		g.least = g.spelling.Typos
	}
}

// match compares a word of a record.
func (g *fuzzyQuery) match(word string, often int) {
	n := g.spelling.Distance(word)
	if n == 0 || n > g.least {
		return
	}
	if n < g.least {
		g.least = n
		clear(g.found)
	}
	g.found[word] += often
}

// suggestions returns what the part is looked for as.
func (g *fuzzyQuery) suggestions() []string {
	words := slices.SortedFunc(maps.Keys(g.found), func(a, b string) int { return cmp.Or(cmp.Compare(g.found[b], g.found[a]), strings.Compare(a, b)) })
	words = words[:min(len(words), maxSpellings)]
	if g.tooMany || g.found == nil {
		words = append(words, g.part)
	}
	return words
}

// compareAll shows the guesses every word that the mirrors have.
func compareAll(guesses []*fuzzyQuery, mirrors []*textIndex) {
	guesses = slices.DeleteFunc(slices.Clone(guesses), func(g *fuzzyQuery) bool { return g.spelling == nil })
	for at, m := range mirrors {
		m.eachWord(func(word string, u termCount) {
			for _, g := range guesses {
				switch {
				case at == 0:
					g.match(word, u.all)
				case u.names > 0: // of what references lead to, only the name is searched
					g.match(word, u.names)
				}
			}
		})
	}
}

// inWord are the bytes of which words are made.
var inWord = func() (in [256]bool) {
	for i := range in {
		in[i] = i >= utf8.RuneSelf || unicode.IsLetter(rune(i)) || unicode.IsDigit(rune(i))
	}
	return in
}()

// eachWord hands each the words of folded text that others may be misspellings of.
func eachWord(text []byte, each func(word []byte)) {
	for i := 0; i < len(text); {
		for i < len(text) && !inWord[text[i]] {
			i++
		}
		start, digits := i, false
		for i < len(text) && inWord[text[i]] {
			digits = digits || text[i] <= '9'
			i++
		}
		if n := i - start; !digits && n >= norm.MinFuzzyLength && n <= norm.MaxFuzzyLength {
			each(text[start:i])
		}
	}
}

// parts returns the words of folded text, parted as eachWord does.
func parts(fold string) (list []string) {
	for _, word := range bytes.FieldsFunc([]byte(fold), func(r rune) bool { return r < utf8.RuneSelf && !inWord[r] }) {
		list = append(list, string(word))
	}
	return list
}

// withSpellings returns the words with each part replaced by what it is looked for as; nil
// where one of the parts is nothing that is there.
func withSpellings(sought *query.Terms, guesses []*fuzzyQuery) map[string][]string {
	instead := map[string][]string{}
	for _, w := range sought.Words {
		list := []string{w.Variants[0].Fold}
		for _, g := range guesses {
			if g.word != w.Text {
				continue
			}
			var next []string
			for _, text := range list {
				for _, part := range g.suggestions() {
					next = append(next, strings.Replace(text, g.part, part, 1))
				}
			}
			if list = next[:min(len(next), maxSpellings)]; len(list) == 0 {
				return nil
			}
		}
		if !slices.Equal(list, []string{w.Variants[0].Fold}) {
			instead[w.Text] = list
		}
	}
	if len(instead) == 0 {
		return nil
	}
	return instead
}
