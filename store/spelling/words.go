package spelling

import (
	"unicode"
	"unicode/utf8"

	"crmkit/crm"
	"crmkit/crm/norm"
)

// GivesWords reports whether words of a searched field can be suggested. It is false for long text,
// such as notes.
func GivesWords(f *crm.Field) bool {
	return !f.Type.Comparison().Folded || f.Limit() <= crm.DefaultMax
}

// Count is how often a word occurs in the records of a kind.
type Count struct {
	All      int // in all fields that give words
	InLabels int // in the field that names the record: searches of other kinds look only there
}

// Plus returns the sum of two counts.
func (c Count) Plus(other Count) Count { return Count{c.All + other.All, c.InLabels + other.InLabels} }

// Times returns the count n times.
func (c Count) Times(n int) Count { return Count{n * c.All, n * c.InLabels} }

// Once returns the count of one occurrence in a field of an entity.
func Once(e *crm.Entity, f *crm.Field) Count {
	if f.Name == e.LabelField {
		return Count{1, 1}
	}
	return Count{All: 1}
}

// isWordByte says for each byte of folded text whether it is part of a word.
var isWordByte = func() (is [256]bool) {
	for i := range is {
		is[i] = i >= utf8.RuneSelf || unicode.IsLetter(rune(i)) || unicode.IsDigit(rune(i))
	}
	return is
}()

// EachWord calls fn for the words of folded text that can be suggested: words without digits that
// are neither very short nor very long. fn must not keep the slice.
func EachWord(text []byte, fn func(word []byte)) {
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

// split returns all words of folded text, separated as in EachWord.
func split(fold string) (list []string) {
	start := 0
	for i := range len(fold) + 1 {
		if i < len(fold) && isWordByte[fold[i]] {
			continue
		}
		if i > start {
			list = append(list, fold[start:i])
		}
		start = i + 1
	}
	return list
}
