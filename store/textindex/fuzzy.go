package textindex

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

// maxSuggestions is how many words are suggested for a misspelled one. maxParts is how many words
// of one search may be compared with the vocabulary; the parts of an address are separate words.
const (
	maxSuggestions = 8
	maxParts       = 10
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

// Suggest returns other spellings for the words of a search that found no record: for each word,
// folded words of records that differ from it in a letter or two, the nearest and then most
// frequent first. It suggests others for the words that no record has or, if each is in some
// record, for all of them. It returns nil if there are no other spellings, or if an index is not
// available.
func (n *Snapshot) Suggest(ctx context.Context, e *crm.Entity, terms *query.Terms) (map[string][]string, error) {
	indexes := n.indexesFor(e, nil)
	if indexes == nil {
		return nil, nil
	}
	parts := partsOf(terms)
	if len(parts) > maxParts {
		return nil, nil
	}
	unknown, err := n.unknown(ctx, e, parts)
	if err != nil {
		return nil, err
	}
	if len(unknown) == 0 {
		unknown = parts
		for _, p := range parts {
			p.known = true
		}
	}
	for _, p := range unknown {
		p.prepare()
	}
	compareAll(unknown, indexes)
	return combine(terms, parts), nil
}

// fuzzyPart is a part of a word of a search, with the words that it may mean.
type fuzzyPart struct {
	word, part string
	known      bool               // records have it, so it may be right
	matcher    *norm.FuzzyMatcher // nil: it is not compared
	distance   int                // of the words found
	found      map[string]int     // how often they occur; only the nearest words
}

// partsOf returns the parts of all words.
func partsOf(terms *query.Terms) (parts []*fuzzyPart) {
	for _, w := range terms.Words {
		for _, part := range splitWords(w.Variants[0].Fold) {
			parts = append(parts, &fuzzyPart{word: w.Text, part: part})
		}
	}
	return parts
}

// unknown returns the parts that no record has.
func (n *Snapshot) unknown(ctx context.Context, e *crm.Entity, parts []*fuzzyPart) (list []*fuzzyPart, err error) {
	for _, p := range parts {
		none := len(parts) == 1 // then the search has shown that no record has it
		if !none {
			if none, err = n.noMatch(ctx, e, query.ExactTerms(p.part)); err != nil {
				return nil, err
			}
		}
		if none {
			list = append(list, p)
		}
	}
	return list, nil
}

func (p *fuzzyPart) prepare() {
	p.matcher, p.found = norm.NewFuzzyMatcher(p.part), map[string]int{}
	if p.matcher != nil {
		p.distance = p.matcher.Typos
	}
}

// compare compares a word of records, which occurs n times.
func (p *fuzzyPart) compare(word string, n int) {
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

// suggestions returns the words to search for instead of the part. The part itself may be one.
func (p *fuzzyPart) suggestions() []string {
	words := slices.SortedFunc(maps.Keys(p.found), func(a, b string) int { return cmp.Or(cmp.Compare(p.found[b], p.found[a]), strings.Compare(a, b)) })
	words = words[:min(len(words), maxSuggestions)]
	if p.known || p.found == nil {
		words = append(words, p.part)
	}
	return words
}

// compareAll compares the parts with the vocabulary of a kind and, of the targets of its
// references, with the words of their labels: only these are searched.
func compareAll(parts []*fuzzyPart, indexes []indexState) {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p *fuzzyPart) bool { return p.matcher == nil })
	for i, x := range indexes {
		x.eachTerm(func(word string, count termCount) {
			n := count.all
			if i > 0 {
				n = count.inLabels
			}
			if n == 0 {
				return
			}
			for _, p := range parts {
				p.compare(word, n)
			}
		})
	}
}

// combine returns for each word the words to search for instead. It returns nil if no record has
// some part, and this part has no other spelling.
func combine(terms *query.Terms, parts []*fuzzyPart) map[string][]string {
	instead := map[string][]string{}
	for _, w := range terms.Words {
		fold := w.Variants[0].Fold
		list := []string{fold}
		for _, p := range parts {
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
func (p *fuzzyPart) replaceIn(words []string) (list []string) {
	suggestions := p.suggestions()
	for _, word := range words {
		for _, text := range suggestions {
			list = append(list, strings.Replace(word, p.part, text, 1))
		}
	}
	return list[:min(len(list), maxSuggestions)]
}

// isWordByte says for each byte of folded text whether it is part of a word.
var isWordByte = func() (is [256]bool) {
	for i := range is {
		is[i] = i >= utf8.RuneSelf || unicode.IsLetter(rune(i)) || unicode.IsDigit(rune(i))
	}
	return is
}()

// fuzzyWords calls fn for the words of folded text that can be suggested: words without digits that
// are neither very short nor very long.
func fuzzyWords(text []byte, fn func(word []byte)) {
	for i := 0; i < len(text); {
		for i < len(text) && !isWordByte[text[i]] {
			i++
		}
		start, digits := i, false
		for i < len(text) && isWordByte[text[i]] {
			digits = digits || text[i] <= '9'
			i++
		}
		if n := i - start; !digits && n >= norm.MinFuzzyLength && n <= norm.MaxFuzzyLength {
			fn(text[start:i])
		}
	}
}

// splitWords returns the words of folded text, separated as in fuzzyWords.
func splitWords(fold string) (list []string) {
	for _, word := range bytes.FieldsFunc([]byte(fold), func(r rune) bool { return r < utf8.RuneSelf && !isWordByte[r] }) {
		list = append(list, string(word))
	}
	return list
}
