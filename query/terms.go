package query

import (
	"slices"
	"strings"
	"unicode"

	"crmkit/crm"
	"crmkit/crm/norm"
	"crmkit/query/fieldpath"
)

// Terms are the conditions of a query that the text index can answer: the words of search=, each of which must be in
// one of the searched fields, and the operands of like: on one of these fields.
type Terms struct {
	Words []Word
	Likes []Like
}

// Like is a text that one of some fields must contain: of fields of the entity, or of labels of
// the records that references lead to.
type Like struct {
	Own   []*crm.Field
	Refs  []*crm.Field
	Parts []string // in the form of the field; one of them is enough
}

// Word is a word of a search with its variants, one of which must match: the word as it was
// written, or the spellings of it that records have.
type Word struct {
	Text     string
	Variants []Variant
}

// Variant is a spelling of a word in the forms in which fields are compared: folded, and as digits for phone numbers.
// Fold is empty if it is another spelling of a number, Digits if the word cannot be part of one.
type Variant struct {
	Fold, Digits string
}

// ExactTerms returns the terms of a search for one word as it is written.
func ExactTerms(word string) *Terms { return &Terms{Words: []Word{{word, Env{}.variantsOf(word)[:1]}}} }

// visibleWords returns the words of a search without those that fold to nothing, such as a lone
// accent, which no record can have. If there are no others it returns them all.
func visibleWords(text string) []string {
	all := strings.Fields(text)
	words := slices.DeleteFunc(slices.Clone(all), func(word string) bool { return norm.Fold(word) == "" })
	if len(words) == 0 {
		return all
	}
	return words
}

// words returns the words of a search with their variants. Neighbours that are one phone number
// together also match as the whole number: +49 170 1234567 finds 0170 1234567, which has no 49.
func (env Env) words(texts []string) (list []Word) {
	for len(texts) > 0 {
		n := 0 // neighbours that are digits
		for n < len(texts) && isDigits(texts[n]) {
			n++
		}
		whole := env.wholeNumber(texts[:n])
		for _, text := range texts[:max(n, 1)] {
			list = append(list, env.word(text, whole))
		}
		texts = texts[max(n, 1):]
	}
	return list
}

// word returns a word with its variants, or with other spellings in their place if Env has some,
// and with the variants of the number that it is a part of.
func (env Env) word(text string, whole []Variant) Word {
	word := Word{Text: text}
	for _, spelled := range env.Fuzzy[text] {
		word.Variants = append(word.Variants, env.variantsOf(spelled)[0])
	}
	if len(word.Variants) == 0 {
		word.Variants = append(env.variantsOf(text), whole...)
	}
	return word
}

// wholeNumber returns the variants of a phone number that is written as several words; none if they are not one.
func (env Env) wholeNumber(words []string) (variants []Variant) {
	number := strings.Join(words, " ")
	if len(words) < 2 || !norm.IsPhone(number) {
		return nil
	}
	for _, part := range norm.PhoneParts(env.Country, number) {
		variants = append(variants, Variant{Digits: part})
	}
	return variants
}

// isDigits reports whether a word can be part of a phone number.
func isDigits(word string) bool {
	return strings.Trim(norm.Fold(word), "0123456789+-()./") == "" && norm.Digits(norm.Fold(word)) != ""
}

// variantsOf returns the spellings of a word that a search finds: as it is written, and without
// the apostrophes and hyphens inside it. O'Reilly also finds OReilly, and Jean-Pierre also Jean
// Pierre. The other way, oreilly is a misspelled reilly, which is searched if nothing else
// is found; jean and pierre are two words, which Jean-Pierre has.
func (env Env) variantsOf(word string) []Variant {
	variants := []Variant{{Fold: norm.Fold(word)}}
	if variants[0].Fold == "" {
		variants[0].Fold = word // a word that folds to nothing, such as a lone accent
	}
	if number := strings.TrimPrefix(variants[0].Fold, "tel:"); isDigits(number) {
		parts := norm.PhoneParts(env.Country, number)
		variants[0].Digits = parts[0]
		for _, part := range parts[1:] {
			variants = append(variants, Variant{Digits: part})
		}
	}
	if plain := withoutMarks(variants[0].Fold); plain != variants[0].Fold {
		variants = append(variants, Variant{Fold: plain})
	}
	return variants
}

// withoutMarks removes the apostrophes between letters of a folded word, and replaces the hyphens
// there by blanks. Hyphens beside digits are part of numbers and dates.
func withoutMarks(fold string) string {
	letters := []rune(fold)
	var b strings.Builder
	for i, r := range letters {
		inside := i > 0 && i+1 < len(letters) && unicode.IsLetter(letters[i-1]) && unicode.IsLetter(letters[i+1])
		switch {
		case inside && r == '\'':
		case inside && r == '-':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Same reports whether the variant is the same text in all fields. Phone numbers are stored with
// their plus sign, which is no part of a number by itself.
func (f Variant) Same() bool {
	return f.Digits == f.Fold || f.Digits == "" && !strings.Contains(f.Fold, "+")
}

// MatchesText returns the text to find in a field of the type; empty if it cannot match.
func (f Variant) MatchesText(t crm.Type) string {
	if t.Comparison().By == crm.ByDigits {
		return f.Digits
	}
	return f.Fold
}

// SearchFields are the searched fields of an entity.
type SearchFields struct {
	Own  []*crm.Field // fields of the entity
	Refs []*crm.Field // references; the label of the record they lead to is searched
}

// SearchFieldsOf returns the searched fields of the entity.
func SearchFieldsOf(e *crm.Entity) (s SearchFields) {
	for _, path := range e.Search {
		switch t, _ := fieldpath.Resolve(e, path); len(t.Hops) {
		case 0:
			s.Own = append(s.Own, t.Field)
		default:
			s.Refs = append(s.Refs, t.Hops[0].Field)
			if beside := t.Hops[0].Alternate; beside != nil {
				s.Refs = append(s.Refs, beside)
			}
		}
	}
	return s
}

// addLike adds a condition of like: to the terms if the text index has the field.
func (c *compiler) addLike(t fieldpath.Target, parts []string) {
	at := SearchFieldsOf(c.entity)
	switch {
	case t.Key != "":
	case len(t.Hops) == 0 && slices.Contains(at.Own, t.Field):
		like := Like{Parts: parts}
		for _, each := range withOthers(t, "like") {
			if !slices.Contains(at.Own, each.Field) {
				return
			}
			like.Own = append(like.Own, each.Field)
		}
		c.terms.Likes = append(c.terms.Likes, like)
	case len(t.Hops) == 1 && t.Entity.LabelField == t.Field.Name && slices.Contains(at.Refs, t.Hops[0].Field):
		refs := []*crm.Field{t.Hops[0].Field}
		if beside := t.Hops[0].Alternate; beside != nil {
			refs = append(refs, beside)
		}
		c.terms.Likes = append(c.terms.Likes, Like{Refs: refs, Parts: parts})
	}
}

// containsVariant returns a condition for each searched field: that it contains the variant,
// in the form of the field.
func (c *compiler) containsVariant(e *crm.Entity, variant Variant) (tests []string) {
	for _, path := range e.Search {
		t, ok := fieldpath.Resolve(e, path)
		if !ok {
			continue
		}
		if part := variant.MatchesText(t.Field.Type); part != "" {
			tests = append(tests, t.Join(c.contains(t, part)))
		}
	}
	return tests
}
