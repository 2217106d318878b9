package query

import (
	"slices"
	"strings"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// Terms is what memory can look for: the words of search=, each of which must stand in
// one of the fields that the entity is searched by, and the parts that like: names of one
// of those fields.
type Terms struct {
	Words []Word
	Likes []Like
}

// Like is a part that must stand in one field: in one of its own, or in what the records
// are called that one of the references leads to.
type Like struct {
	Own  *crm.Field
	Refs []*crm.Field
	Part string // in the form of the field
}

// Word is a word that is looked for, in any of its forms: as it was written, or as it
// is spelled in records that are there.
type Word struct {
	Text     string
	Variants []Variant
}

// Variant is a spelling of a word as it is compared: folded, and the digits of phone numbers;
// empty where it cannot be one.
type Variant struct {
	Fold, Digits string
}

// ExactTerms looks for one word as it is written.
func ExactTerms(word string) *Terms { return &Terms{Words: []Word{{word, []Variant{variantOf(word)}}}} }

func variantOf(word string) Variant {
	form := Variant{Fold: norm.Fold(word)}
	if form.Fold == "" {
		form.Fold = word // a word that folds to nothing, such as a lone accent
	}
	if strings.Trim(word, "0123456789+-()./") == "" {
		form.Digits = norm.Digits(form.Fold)
	}
	return form
}

// Same reports whether the form is one text in all fields.
func (f Variant) Same() bool { return f.Digits == "" || f.Digits == f.Fold }

// MatchesText returns the text of the form in a field of the type.
func (f Variant) MatchesText(t crm.Type) string {
	if t.Comparison().By == crm.ByDigits {
		return f.Digits
	}
	return f.Fold
}

// SearchFields is where search= looks in an entity.
type SearchFields struct {
	Own  []*crm.Field // of its own
	Refs []*crm.Field // references, of which it is what the record they lead to is called
}

// SearchFieldsOf returns where search= looks in the entity.
func SearchFieldsOf(e *crm.Entity) (s SearchFields) {
	for _, path := range e.Search {
		switch t, _ := resolve(e, path); len(t.hops) {
		case 0:
			s.Own = append(s.Own, t.field)
		default:
			s.Refs = append(s.Refs, t.hops[0].field)
			if beside := t.hops[0].alternate; beside != nil {
				s.Refs = append(s.Refs, beside)
			}
		}
	}
	return s
}

// addLike notes a condition of like: that memory can answer, because searches look into
// the same field.
func (c *compiler) addLike(e *crm.Entity, t target, part string) {
	at := SearchFieldsOf(e)
	switch {
	case t.key != "":
	case len(t.hops) == 0 && slices.Contains(at.Own, t.field):
		c.terms.Likes = append(c.terms.Likes, Like{Own: t.field, Part: part})
	case len(t.hops) == 1 && t.entity.LabelField == t.field.Name && slices.Contains(at.Refs, t.hops[0].field):
		refs := []*crm.Field{t.hops[0].field}
		if beside := t.hops[0].alternate; beside != nil {
			refs = append(refs, beside)
		}
		c.terms.Likes = append(c.terms.Likes, Like{Refs: refs, Part: part})
	}
}

// containsVariant returns a test for each field that search= looks in: that it contains
// the variant, in the form of the field.
func (c *compiler) containsVariant(e *crm.Entity, variant Variant) (tests []string) {
	for _, path := range e.Search {
		t, ok := resolve(e, path)
		if !ok {
			continue
		}
		if part := variant.MatchesText(t.field.Type); part != "" {
			tests = append(tests, c.joinPath(t, c.contains(t, part)))
		}
	}
	return tests
}
