package spelling

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query"
)

// maxSuggestions is how many words are suggested for a misspelled one. maxParts is how many words
// of one search may be compared with those of records; the parts of an address are separate words.
const (
	maxSuggestions = 8
	maxParts       = 10
)

// Search is the words of a search that found no record, with the words of records that they may
// mean. It serves one goroutine at a time.
type Search struct {
	entity *crm.Entity
	words  []query.Word
	parts  []*part
}

// part is a part of a word of a search, with the words that it may mean.
type part struct {
	word, text string
	known      bool               // records have it, so it may be right
	compared   bool               // other words are suggested for it, if there are some
	matcher    *norm.FuzzyMatcher // nil: no other word is similar enough
	distance   int                // of the words found
	found      map[string]int     // how often they occur; only the nearest words
}

// NewSearch returns a search of the records of an entity. It returns nil if the words have so many
// parts that no others are suggested.
func NewSearch(e *crm.Entity, terms *query.Terms) *Search {
	s := &Search{entity: e, words: terms.Words}
	for _, w := range terms.Words {
		for _, text := range split(w.Variants[0].Fold) {
			s.parts = append(s.parts, &part{word: w.Text, text: text})
		}
	}
	if len(s.parts) > maxParts {
		return nil
	}
	return s
}

// FindUnknown chooses the parts for which other words are suggested: those that no record has or,
// if each is in some record, all of them. isUnknown reports whether no record has a text in a
// searched field, long text included. A search of one part is known to have found nothing.
func (s *Search) FindUnknown(isUnknown func(text string) (bool, error)) (err error) {
	all := true
	for _, p := range s.parts {
		unknown := len(s.parts) == 1
		if !unknown {
			if unknown, err = isUnknown(p.text); err != nil {
				return err
			}
		}
		p.known = !unknown
		all = all && p.known
	}
	for _, p := range s.parts {
		if all || !p.known {
			p.prepare()
		}
	}
	return nil
}

func (p *part) prepare() {
	p.compared, p.found = true, map[string]int{}
	if p.matcher = norm.NewFuzzyMatcher(p.text); p.matcher != nil {
		p.distance = p.matcher.Typos
	}
}

// Kinds returns the entities whose words are compared: that of the search, and those whose labels
// are searched with it.
func (s *Search) Kinds() []*crm.Entity {
	kinds := []*crm.Entity{s.entity}
	for _, ref := range query.SearchFieldsOf(s.entity).Refs {
		if target := s.entity.Target(ref); !slices.Contains(kinds, target) {
			kinds = append(kinds, target)
		}
	}
	return kinds
}

// Compare compares a word of the records of one of the Kinds with the parts.
func (s *Search) Compare(kind *crm.Entity, word string, count Count) {
	n := count.All
	if kind != s.entity {
		n = count.InLabels
	}
	for _, p := range s.parts {
		if p.matcher != nil && n > 0 {
			p.compare(word, n)
		}
	}
}

func (p *part) compare(word string, n int) {
	distance := p.matcher.Distance(word)
	if distance == 0 || distance > p.distance {
		return
	}
	if distance < p.distance {
		p.distance = distance
		clear(p.found)
	}
	p.found[word] += n
}

// Suggestions returns for each word of the search the words to search for instead. It returns nil
// if there are none, or if no record has some part and this part has no other spelling.
func (s *Search) Suggestions() map[string][]string {
	instead := map[string][]string{}
	for _, w := range s.words {
		fold := w.Variants[0].Fold
		list := []string{fold}
		for _, p := range s.parts {
			if p.word == w.Text {
				list = p.replaceIn(list)
			}
		}
		if len(list) == 0 {
			return nil
		}
		if !slices.Equal(list, []string{fold}) {
			instead[w.Text] = list
		}
	}
	if len(instead) == 0 {
		return nil
	}
	return instead
}

// replaceIn returns the words with the part replaced by each of its suggestions, at most
// maxSuggestions.
func (p *part) replaceIn(words []string) (list []string) {
	suggestions := p.suggestions()
	for _, word := range words {
		for _, text := range suggestions {
			list = append(list, strings.Replace(word, p.text, text, 1))
		}
	}
	return list[:min(len(list), maxSuggestions)]
}

// suggestions returns the words to search for instead of the part. The part itself may be one.
func (p *part) suggestions() []string {
	words := slices.SortedFunc(maps.Keys(p.found), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.found[b], p.found[a]), strings.Compare(a, b))
	})
	words = words[:min(len(words), maxSuggestions)]
	if p.known || !p.compared {
		words = append(words, p.text)
	}
	return words
}
